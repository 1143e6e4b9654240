"""The debug adapter: the engine's debugger, spoken over DAP. No module here imports the language server."""
