"""Generated requests: made, sent, judged, minimised, stored and sent again."""
