"""What runs: intake, drain, delivery, scheduler, replay, and the processes they run in."""
