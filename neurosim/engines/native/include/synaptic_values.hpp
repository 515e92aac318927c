// Values that synapses have at t = 0, drawn by (name, projection, target, number).
#pragma once
#include "elementary.hpp"
#include "general_types.hpp"

namespace neurosim {

constexpr uint32_t purpose_synaptic_value = 20;

// One value by inversion (see Draw in lowering/program.py).
inline double draw_value(const ValueSpec& spec, uint32_t word) {
    const double q = spec.low_u + (spec.high_u - spec.low_u) * ((word + 0.5) * 0x1p-32);
    double x = spec.a;
    switch (spec.kind) {
        case uniform: x = spec.a + (spec.b - spec.a) * q; break;
        case normal: x = spec.a + spec.b * ndtri(q); break;
        case lognormal: x = exp(spec.a + spec.b * ndtri(q)); break;
        case exponential: x = -spec.a * log(1.0 - q); break;
        default: return x;
    }
    x = x < spec.low ? spec.low : x;
    return x > spec.high ? spec.high : x;
}

}  // namespace neurosim
