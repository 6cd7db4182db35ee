"""The server room: a page that is built again when files change, served to browsers on this machine alone.

Takes a function that builds the page and a folder to watch, gives HTTP on 127.0.0.1; knows nothing of what is on the page.
May import: the foundation alone. `cli` starts it.

board.py    the page that stands, the last good one, and who waits for the next
live.py     the script by which an open page follows, allowed by its hash
trouble.py  problems of records as a page
http.py     requests and answers
watch.py    the folder, and when to build again
"""
