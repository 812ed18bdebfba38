"""The `import` group: one module per foreign source, each with one `command`; `commands` lists them."""
