// When a synapse acts whose spike its core works off late.
#pragma once
#include "machine_types.hpp"

namespace neurosim {

constexpr int64_t left_out = -1;

// Steps from the spike to its effect. A spike carries its time as far as its colour tells (`colours`
// steps, 0: all of it), so that its delay counts from there; otherwise it counts from when the spike
// is worked off. A delay that is over by then is left out, unless it is a whole turn of the ring of
// slots, which the machine writes as 0: it acts when its slot comes next.
inline int64_t acts_after(const CoresSpec& cores, int32_t slice, int64_t delay, int64_t lateness) {
    if (!lateness) return delay;
    if (!cores.skips_late) return delay + lateness;
    const int64_t late = cores.colours ? lateness % cores.colours : lateness;
    const int64_t ticks = delay + cores.delay_shift;
    if (late < ticks) return delay + lateness - late;
    const int64_t slots = cores.slots ? cores.slots[slice] : 0;
    if (!slots || ticks % slots) return left_out;
    return lateness + slots - late % slots - cores.delay_shift;
}

// Steps by which the time of such a spike, as its core sees it, is later than it was sent.
inline int64_t seen_later(const CoresSpec& cores, int64_t lateness) {
    if (!cores.skips_late) return lateness;
    return cores.colours ? lateness - lateness % cores.colours : 0;
}

}  // namespace neurosim
