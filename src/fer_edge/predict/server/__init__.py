"""``fer-predict serve``: the recognition of ``fer-predict`` for other programs, over HTTP.

From the outside in, each importing only what stands behind it:

    application     the routes, and what is refused before one is reached
    gate            host, token, sizes, request identity, log and metrics of every request; answers that come before the body
    picture_body    a body or a form, read within its limits, as one picture
    pool            the queue, its workers, and what happens when one dies
    process_worker  a worker of a process of its own;  thread_worker: one in this process
    answering       what a worker does with a picture: fer-predict's own recognition, and its document
    connection      the HTTP connection: slow, silent and endless clients;  running: the socket, signals, draining
"""
