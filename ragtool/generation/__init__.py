"""Prompts to text: the only importer of llama_cpp."""

from ragtool.generation.library import llama_faults
from ragtool.generation.llama import LlamaGenerator

__all__ = ["LlamaGenerator", "llama_faults"]
