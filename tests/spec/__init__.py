"""The IR's definition (docs/spec/ir.md) executed in plain Python integers."""
