"""The processes of a run: started, watched, restarted and ended; the run itself with its ports and scratch folder."""
