"""When Python looks for what nobody uses any more, in a process that serves for months."""

import gc

# A poll of ten thousand lines keeps a hundred thousand small things until the next one, and at Python's own pace each
# poll had everything looked through, a tenth of a second in which nobody is answered. What is young is looked
# through as ever; the old every few hundred thousand things.
OLD_AFTER = 50


def leave_what_stays() -> None:
    """Look everything through once more, leave it out from here on, and come to the old ones seldom."""
    gc.collect()
    gc.freeze()  # a tenth of a bill run's time
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, OLD_AFTER)
