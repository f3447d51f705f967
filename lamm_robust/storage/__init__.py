"""Bytes on disk that are whole or not there: the journal, records, the cache of truth, what hunts found.

Whatever is written here carries a checksum or is replaced in one step, so that a kill, a full disk or a flipped bit is
noticed when it is read. This room knows what a record is, and nothing of how one is made.

Begin with `journal`, which runs resume from; its lines are in `lines`, and `repair` saves what damage leaves of it.
`parquet` holds the records for readers, with `rows` between the two. `cache` holds problems and certificates for later
runs, and `lookup` asks it first. `findings` holds what hunts found. `packing` and `files` are below all of them.
"""
