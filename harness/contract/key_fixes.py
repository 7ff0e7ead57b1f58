"""What to do where keys are stored and something else about them is wrong; each for one fault, or for one kind."""

from __future__ import annotations

WHOLE_ANSWER = "Store the whole first answer under the key, its headers too, and repeat it as it was."
WHOLE_KEY = "Store and compare the whole key, in its own case: let no column or hash cut it."
ENDS = (
    "Replace the mark that a call is in progress by its answer, in the transaction of the call; let the mark expire "
    "where that call dies."
)
WAITS = "Answer 409, and no error of the server or database, to a call while another one under its key is in progress."
REFUSED = (
    "Store a refusal under its key as an answer like any other, or remove the key with it; never leave the key in "
    "progress."
)
REFUSED_AGAIN = "Store the status of an answer under the key too, so that a refusal is repeated as a refusal."
AFTER_REFUSAL = (
    "Store the first call that succeeds under its key, even where an earlier one under that key was refused."
)
ELSEWHERE = (
    "Make operation and path part of what identifies a key, and answer 4xx to a key from elsewhere, or treat it as new."
)
