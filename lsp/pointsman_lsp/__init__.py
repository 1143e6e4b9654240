"""The language server: what a person sees while writing pipelines and policies. The engine's analysis, over LSP."""
