"""The course's website: `book.make` writes its sources, Jupyter Book renders them with our theme,
`publish` takes from its output what readers need."""
