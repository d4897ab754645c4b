"""The canvas tools: one class per tool."""
