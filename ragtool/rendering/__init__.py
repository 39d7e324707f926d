"""Records to text and to JSON-able forms: pure, without files, clock or terminal.

`answers`, `passages` and `listings` are for people, set by `look`; `forms`
is for programs; `harmless` stands between text from outside and the terminal.
"""
