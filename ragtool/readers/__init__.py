"""Files to documents, one module a format.

A format's module turns bytes into `Content`, or into the parts of a container,
and knows no paths. `reading` tells the kinds apart and reads parts in turn;
`workers` has it done in processes of their own, with limits, since reading a
file is the dangerous part. Ours never loads a format's module.
"""

from ragtool.readers.content import Reading
from ragtool.readers.workers import Limits, Readers

__all__ = ["Limits", "Readers", "Reading"]
