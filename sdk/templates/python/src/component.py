"""What the component exports; the name `Pipeline` is the contract's."""

from my_pipeline import MyPipeline
from simulay.component import export

Pipeline = export(MyPipeline)
