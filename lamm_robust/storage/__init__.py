"""Files written in one step or with checksums: the journal, records, the cache of truth, findings of hunts.

Whatever is written here carries a checksum or is replaced in one step, so that a kill, a full disk or a flipped bit is
noticed when it is read. This room knows what a record is, but not how one is made.

Begin with `journal`, which runs resume from; its lines are in `lines`, and `repair` saves the undamaged ones. `parquet`
writes the records for readers, and `rows` converts between the two. `cache` keeps problems and certificates for later
runs, and `lookup` asks it first. `findings` keeps what hunts found. `packing` and `files` are below all of them.
"""
