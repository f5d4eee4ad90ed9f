#include "report.h"

#include <math.h>
#include <string.h>

#include "json.h"

static const double TURN = 6.283185307179586;

static void add_numbers(Text *text, const double *values, size_t count, double scale) {
    for (size_t i = 0; i < count; i++) add(text, "%s%.17g", i ? ", " : "", values[i] * scale);
}

String modes_written(const Modes *modes, size_t count) {
    Text text = {0};
    add(&text, "{\"w_rad_per_s\": [");
    add_numbers(&text, modes->w, count, 1);
    add(&text, "], \"tolerance\": %.17g, \"shapes\": \"%.*s\"}", modes->tolerance, (int)modes->shapes.len,
        (const char *)modes->shapes.ptr);
    return whole(&text);
}

bool modes_read(Modes *modes, String state) {
    Json json;
    size_t count;
    if (!json_read(&json, state.ptr, state.len)) return false;
    const char *shapes = json_text(&json, "shapes");
    if (!shapes) return false;
    modes->shapes = copied(shapes);
    return json_number(&json, "tolerance", &modes->tolerance) &&
           json_numbers(&json, "w_rad_per_s", modes->w, MOST_MASSES, &count);
}

static void add_peak(Text *text, Peak peak) {
    add(text, "{\"frequency_Hz\": %.17g, \"amplitude_m_per_N\": %.17g, \"loss_factor\": ", peak.w / TURN,
        peak.amplitude);
    if (isnan(peak.loss)) {
        add(text, "null}");
    } else {
        add(text, "%.17g}", peak.loss);
    }
}

static String outcome(const Chain *chain, const Modes *modes, const Sweep *sweeps) {
    Text text = {0};
    add(&text, "{\"frequencies_Hz\": [");
    add_numbers(&text, modes->w, chain->count, 1 / TURN);
    add(&text, "], \"proven_within\": %.17g, \"resonances\": [", modes->tolerance);
    for (size_t i = 0; i < chain->resonances; i++) {
        if (i) add(&text, ", ");
        add_peak(&text, peak_of(&sweeps[i]));
    }
    add(&text, "]}");
    return whole(&text);
}

static exports_simulay_plugin_pipeline_series_t series(const char *name, const char *unit, const double *values,
                                                       double scale) {
    exports_simulay_plugin_pipeline_series_t series = {.name = copied(name), .unit = copied(unit)};
    series.values.ptr = room(POINTS, sizeof *series.values.ptr);
    series.values.len = POINTS;
    for (size_t i = 0; i < POINTS; i++) series.values.ptr[i] = values[i] * scale;
    return series;
}

static Plot plot(size_t number, const Sweep *sweep) {
    Text title = {0};
    add(&title, "Resonance %zu", number);
    Plot plot = {.title = whole(&title), .x = series("frequency", "Hz", sweep->w, 1 / TURN)};
    plot.ys.ptr = room(1, sizeof *plot.ys.ptr);
    plot.ys.len = 1;
    plot.ys.ptr[0] = series("amplitude", "m/N", sweep->amplitude, 1);
    return plot;
}

Report report_of(const Chain *chain, const Modes *modes, const Sweep *sweeps) {
    Report report = {.outcome = outcome(chain, modes, sweeps)};
    report.plots.ptr = room(chain->resonances, sizeof *report.plots.ptr);
    report.plots.len = chain->resonances;
    for (size_t i = 0; i < chain->resonances; i++) report.plots.ptr[i] = plot(i + 1, &sweeps[i]);
    report.artifacts.ptr = room(1, sizeof *report.artifacts.ptr);
    report.artifacts.len = 1;
    report.artifacts.ptr[0].name = copied("shapes.csv");
    report.artifacts.ptr[0].media_type = copied("text/csv");
    report.artifacts.ptr[0].content.tag = SIMULAY_PLUGIN_TYPES_SOURCE_ARTIFACT;
    report.artifacts.ptr[0].content.val.artifact = modes->shapes;
    return report;
}
