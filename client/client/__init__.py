"""Reading a catalogue from Python: the same words for a folder on this machine and for a server elsewhere."""
