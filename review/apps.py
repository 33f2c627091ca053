"""The app of the province's and the national desk; at start it offers its workbooks and lists to the rooms below."""

from importlib import import_module

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    name = "review"

    def ready(self) -> None:
        # Offers itself to the import desk, which is below it and knows nothing of it; the models are loaded by now.
        import_module("review.completions.kind")
        import_module("review.exams.kind")
        # Likewise the lists to the room of exports.
        import_module("review.export_kinds")
        # What waits for a base to its desk.
        import_module("review.funding.desk")
        # And what is done to many records to the worker.
        import_module("review.deeds")
