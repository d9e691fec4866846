"""What runs in Rasa's environment (Python 3.10): it imports Rasa, and nothing of rebake.

Each module answers one job: ``python -m parity.rasa_side.NAME JOB.json ANSWER.json``, started by ``parity.rasa``.
"""
