"""Bytes on disk that are whole or not there: the journal, records, the cache of truth, what hunts found.

Whatever is written here carries a checksum or is replaced in one step, so that a kill, a full disk or a flipped bit is
noticed when it is read. This room knows what a record is, and nothing of how one is made.

Begin with `journal`, which runs resume from. `parquet` holds the records for readers, `cache` problems and
certificates for later runs, `findings` the problems that hunts found; `packing` and `files` are what they are made of.
"""
