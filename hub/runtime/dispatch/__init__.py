"""How the processes of a hub share its work: wake-ups by a broker, who is at work, limits of all together.

The database is the truth. A broker only says that there may be something to do, so that losing all
it holds costs a moment and no message; who is at work and what each has under way stand in the
database, too.
"""
