"""The process and the command line of Pointsman: composition, wires, and what a person sees."""
