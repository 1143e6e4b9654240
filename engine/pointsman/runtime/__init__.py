"""The only place where time passes: clock, driver, catalog (definitions), sessions (runs), policies as they are now."""
