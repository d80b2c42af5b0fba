"""The exercises: one file each. To add one, add a file here and list its id in the assignment's TOML."""
