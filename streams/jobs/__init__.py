"""Operations over many entries: in steps, with their progress in the database, gone on with after a death."""
