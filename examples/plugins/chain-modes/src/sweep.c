#include "sweep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Widths of a resonance that are swept on each side.
static const double WIDTHS = 4;

Band band_around(const Chain *chain, const double *w, size_t i) {
    double reach = fmin(WIDTHS * chain->loss, 0.9) * w[i];
    Band band = {w[i] - reach, w[i] + reach};
    if (i > 0) band.from = fmax(band.from, (w[i - 1] + w[i]) / 2);
    if (i + 1 < chain->count) band.to = fmin(band.to, (w[i] + w[i + 1]) / 2);
    return band;
}

static bool number(char **text, char end, double *value) {
    char *rest;
    *value = strtod(*text, &rest);
    if (rest == *text || *rest != end || !isfinite(*value)) return false;
    *text = rest + 1;
    return true;
}

bool sweep_read(Sweep *sweep, const uint8_t *text, size_t length) {
    char *rest = room(length + 1, 1);
    memcpy(rest, text, length);
    for (size_t i = 0; i < POINTS; i++) {
        if (!number(&rest, ',', &sweep->w[i]) || !number(&rest, '\n', &sweep->amplitude[i])) return false;
    }
    return *rest == 0;
}

// The square of the frequency at which the power passes `half`, between a point and the next inward one.
static double crossing(const Sweep *sweep, size_t outer, size_t inner, double half) {
    double a = pow(sweep->amplitude[outer], 2), b = pow(sweep->amplitude[inner], 2);
    double part = (half - a) / (b - a);
    return pow(sweep->w[outer] + part * (sweep->w[inner] - sweep->w[outer]), 2);
}

Peak peak_of(const Sweep *sweep) {
    size_t top = 0;
    for (size_t i = 1; i < POINTS; i++) {
        if (sweep->amplitude[i] > sweep->amplitude[top]) top = i;
    }
    Peak peak = {sweep->w[top], sweep->amplitude[top], NAN};
    double half = pow(peak.amplitude, 2) / 2;
    size_t left = top, right = top;
    while (left > 0 && pow(sweep->amplitude[left], 2) > half) left--;
    while (right < POINTS - 1 && pow(sweep->amplitude[right], 2) > half) right++;
    bool falls = pow(sweep->amplitude[left], 2) <= half && pow(sweep->amplitude[right], 2) <= half;
    // With structural damping the squares of the half-power frequencies are loss * w^2 off on each side.
    if (falls) {
        double low = crossing(sweep, left, left + 1, half), high = crossing(sweep, right, right - 1, half);
        peak.loss = (high - low) / (2 * peak.w * peak.w);
    }
    return peak;
}
