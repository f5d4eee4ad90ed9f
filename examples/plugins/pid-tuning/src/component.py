"""What the component exports; the name `Pipeline` is the contract's."""

from pid_tuning import PidTuning
from simulay.component import export

Pipeline = export(PidTuning)
