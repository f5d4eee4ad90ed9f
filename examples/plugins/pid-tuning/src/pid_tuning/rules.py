"""The theory: where equal lags oscillate, and the known rules of tuning (Astrom and Hagglund, Advanced PID Control)."""

from math import cos, pi, tan

from pid_tuning.outcome import Controller
from pid_tuning.params import Params
from pid_tuning.state import Limit


def exact_limit(params: Params) -> Limit:
    """Each of n lags turns the phase by 180/n degrees: tan(pi/n) = omega T."""
    angle = pi / params.lags
    return Limit(
        ultimate_gain=(1 / cos(angle)) ** params.lags / params.gain,
        ultimate_period_s=2 * pi * params.lag_s / tan(angle),
    )


def known_rules(params: Params, limit: Limit) -> dict[str, Controller]:
    """The controllers of the known rules, by name."""
    gain, period = limit.ultimate_gain, limit.ultimate_period_s
    return {
        "ziegler-nichols": Controller(0.6 * gain, period / 2, period / 8),
        "tyreus-luyben": Controller(gain / 2.2, 2.2 * period, period / 6.3),
        "no-overshoot": Controller(0.2 * gain, period / 2, period / 3),
        "simc": _simc(params),
    }


def load_area_s(controller: Controller) -> float:
    """The integral of the error after a unit step of the load, at any plant."""
    return controller.Ti_s / controller.Kp


def _simc(params: Params) -> Controller:
    # The half rule: the second lag is shared between the first and the delay, further ones are delay.
    lag = 1.5 * params.lag_s
    delay = (params.lags - 1.5) * params.lag_s
    return Controller(lag / (params.gain * 2 * delay), min(lag, 8 * delay), 0.0)
