"""Prompts to text: the only importer of llama_cpp."""

from ragtool.generation.library import llama_faults, repacking
from ragtool.generation.llama import LlamaGenerator
from ragtool.generation.remembering import Remembering

__all__ = ["LlamaGenerator", "Remembering", "llama_faults", "repacking"]
