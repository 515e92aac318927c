// Drawing the synapses of one projection, target by target: sources, weights and delays are pure
// functions of (seed, projection, target id, index), so any partition draws the same network.
// The NumPy twin is neurosim/lowering/edges.py.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

#include "elementary.hpp"
#include "philox.hpp"
#include "population.hpp"
#include "types.hpp"

namespace neurosim {

constexpr int edge_lanes = 16;
constexpr uint32_t purpose_edges = 1, purpose_targets = 21;

inline int64_t source_id(const ProjectionSpec& spec, int64_t source) {
    return spec.pre_ids ? spec.pre_ids[source] : spec.pre_first + source;
}

// Number of sources whose global id is below `id`.
inline int64_t sources_below(const ProjectionSpec& spec, int64_t id) {
    if (!spec.pre_ids) return std::clamp<int64_t>(id - spec.pre_first, 0, spec.pre_size);
    return std::lower_bound(spec.pre_ids, spec.pre_ids + spec.pre_size, id) - spec.pre_ids;
}

// Where the neuron of that global id stands among the sources; -1 if it is none of them.
inline int64_t source_of_id(const ProjectionSpec& spec, int64_t id) {
    const int64_t found = sources_below(spec, id);
    return found < spec.pre_size && source_id(spec, found) == id ? found : -1;
}

inline int64_t target_id(const ProjectionSpec& spec, int64_t post) {
    return spec.post_first + (spec.post_members ? spec.post_members[post] - spec.post_start : post);
}

// Where the neuron of that global id stands among the targets; -1 if it is none of them.
inline int64_t target_of_id(const ProjectionSpec& spec, int64_t id) {
    const int64_t local = id - spec.post_first + spec.post_start;
    if (!spec.post_members) {
        const int64_t post = local - spec.post_start;
        return post >= 0 && post < spec.post_size ? post : -1;
    }
    const int64_t* found = std::lower_bound(spec.post_members, spec.post_members + spec.post_size, local);
    return found < spec.post_members + spec.post_size && *found == local ? found - spec.post_members : -1;
}

// Call `visit(post, own, ordinal)` for the targets of a thread: index among the targets, own index,
// and index among the targets of the rank.
template <class Visit>
void each_own_target(const ProjectionSpec& spec, const LocalPopulation& population, Visit&& visit) {
    const int64_t n_ranks = population.n_ranks, rank = population.worker % n_ranks;
    if (!spec.post_members) {
        const int64_t before = spec.post_start > rank ? (spec.post_start - rank + n_ranks - 1) / n_ranks : 0;
        const int64_t last = population.own_below(spec.post_start + spec.post_size);
        for (int64_t k = population.own_below(spec.post_start); k < last; ++k)
            visit(population.index(k) - spec.post_start, k, population.place(k) - before);
        return;
    }
    int64_t ordinal = 0;
    for (int64_t post = 0; post < spec.post_size; ++post) {
        const int64_t local = spec.post_members[post];
        if (local % population.n_workers == population.worker) visit(post, local / population.n_workers, ordinal);
        ordinal += local % n_ranks == rank;
    }
}

// A delay is `first` plus the number of thresholds at or below a word. The guide, indexed by the
// word's high byte, says where that number starts.
class DelayTable {
  public:
    explicit DelayTable(const ProjectionSpec& spec)
        : first_(spec.delay_first), thresholds_(spec.thresholds, spec.thresholds + spec.n_thresholds) {
        for (uint32_t high = 0; high < 256; ++high)
            guide_[high] = static_cast<int32_t>(
                std::upper_bound(thresholds_.begin(), thresholds_.end(), high << 24) - thresholds_.begin());
        thresholds_.push_back(0xFFFFFFFFu);  // sentinel; `size_` keeps it from being counted
        size_ = spec.n_thresholds;
    }

    int32_t operator()(uint32_t word) const {
        int32_t n = guide_[word >> 24];
        while (n < size_ && thresholds_[n] <= word) ++n;
        return first_ + n;
    }

  private:
    int32_t first_, size_ = 0;
    std::vector<uint32_t> thresholds_;
    int32_t guide_[256];
};

// A weight as a machine can hold it.
inline double on_grid(const ProjectionSpec& spec, double weight) {
    double value = weight * spec.factor;
    if (spec.absolute) value = __builtin_fabs(value);
    if (!(spec.quantum > 0)) return value;
    const double n = value / spec.quantum;
    double whole = spec.rounding == to_even ? __builtin_rint(n) : spec.rounding == to_zero ? __builtin_trunc(n) : __builtin_floor(n);
    if (spec.wraps) {
        const double turn = spec.grid_high + 1.0;
        return (whole - turn * __builtin_floor(whole / turn)) * spec.quantum;
    }
    whole = whole < spec.grid_low ? spec.grid_low : whole;
    return (whole > spec.grid_high ? spec.grid_high : whole) * spec.quantum;
}

// Fill `out` with weights drawn by inversion from the words (see Draw in lowering/program.py).
inline void draw_weights(const ProjectionSpec& spec, const uint32_t* words, const int64_t* edges, int64_t n,
                         Weight* out) {
    const double range = spec.high_u - spec.low_u;
    const auto q = [&](int64_t i) { return spec.low_u + range * ((words[i] + 0.5) * 0x1p-32); };
    const bool gridded = spec.quantum > 0 || spec.factor != 1.0 || spec.absolute;
    const auto put = [&](int64_t i, double w) {
        w = w < spec.low ? spec.low : w;
        w = w > spec.high ? spec.high : w;
        out[i] = static_cast<Weight>(gridded ? on_grid(spec, w) : w);
    };
    switch (spec.weight) {
        case constant:
            for (int64_t i = 0; i < n; ++i) out[i] = static_cast<Weight>(spec.a);
            break;
        case uniform:
            for (int64_t i = 0; i < n; ++i) put(i, spec.a + (spec.b - spec.a) * q(i));
            break;
        case normal:
            for (int64_t i = 0; i < n; ++i) put(i, spec.a + spec.b * ndtri(q(i)));
            break;
        case lognormal:
            for (int64_t i = 0; i < n; ++i) put(i, exp(spec.a + spec.b * ndtri(q(i))));
            break;
        case exponential:
            for (int64_t i = 0; i < n; ++i) put(i, -spec.a * log(1.0 - q(i)));
            break;
        case listed:
            for (int64_t i = 0; i < n; ++i) put(i, spec.weights[edges[i]]);
            break;
    }
}

// Synapses on their way into the store, a batch at a time so that loops over them vectorise.
struct EdgeBatch {
    static constexpr int64_t capacity = 4096;
    int64_t n = 0;
    uint32_t sources[capacity + edge_lanes];   // index in the presynaptic span
    uint32_t targets[capacity + edge_lanes];   // slot in the thread's state
    uint32_t delay_words[capacity + edge_lanes], weight_words[capacity + edge_lanes];
    int64_t edges[capacity + edge_lanes];      // position in the list, for listed rules
    Weight weights[capacity + edge_lanes];
    int32_t delays[capacity + edge_lanes];
};

// Yields the synapses whose source lies in [begin, end) of the presynaptic span.
class EdgeSource {
  public:
    EdgeSource(const ProjectionSpec& spec, uint64_t seed)
        : spec_(spec), delay_(spec), k0_(static_cast<uint32_t>(seed)), k1_(static_cast<uint32_t>(seed >> 32)) {}

    // All synapses onto a thread's share of the targets, whose slots start at `slot`; `flush(batch)`
    // takes each full batch and the last one.
    template <class Flush>
    void draw(const LocalPopulation& population, int64_t slot, int64_t begin, int64_t end, EdgeBatch& batch,
              Flush&& flush) const {
        batch.n = 0;
        if (spec_.rule == random_targets)
            for (int64_t s = begin; s < end; ++s) source(s, population, slot, batch, flush);
        else
            each_own_target(spec_, population, [&](int64_t post, int64_t own, int64_t ordinal) {
                target(post, ordinal, static_cast<uint32_t>(slot + own), begin, end, batch, flush);
            });
        complete(batch);
        flush(batch);
    }

    // `flush(batch)` empties a full batch; a last partial one is left to the caller.
    template <class Flush>
    void target(int64_t post, int64_t ordinal, uint32_t slot, int64_t begin, int64_t end, EdgeBatch& batch, Flush&& flush) const {
        const int64_t gid = target_id(spec_, post);
        const int64_t self = spec_.autapses ? -1 : source_of_id(spec_, gid);
        const bool skip_self = self >= 0 && spec_.rule != matching_source && spec_.rule != listed_edges;
        const int64_t candidates = spec_.pre_size - (skip_self ? 1 : 0);
        const int64_t first = spec_.offsets ? spec_.offsets[ordinal] : 0;
        const int64_t n = count(ordinal, candidates);
        if (spec_.rule == random_sources && !spec_.multapses) {
            choose(gid, purpose_edges, n, candidates, self, [&](int64_t s, uint32_t delay_word, uint32_t weight_word) {
                if (s >= begin && s < end) push(batch, s, slot, delay_word, weight_word, flush);
            });
            return;
        }
        int64_t candidate = -1;
        Words words;
        for (int64_t k = 0; k < n; k += edge_lanes) {
            fill(words, gid, purpose_edges, k);
            const auto& w = words.w;
            alignas(64) int64_t source[edge_lanes];
            int lanes = static_cast<int>(std::min<int64_t>(edge_lanes, n - k));
            lanes = draw_sources(w[0], w[1], first + k, post, lanes, candidates, candidate, source);
            for (int lane = 0; lane < lanes; ++lane) {
                const int64_t s = source[lane] + (skip_self && source[lane] >= self ? 1 : 0);
                batch.sources[batch.n] = static_cast<uint32_t>(s);
                batch.targets[batch.n] = slot;
                batch.delay_words[batch.n] = w[2][lane];
                batch.weight_words[batch.n] = w[3][lane];
                batch.edges[batch.n] = first + k + lane;
                batch.n += (s >= begin) & (s < end);
            }
            if (batch.n >= EdgeBatch::capacity) {
                complete(batch);
                flush(batch);
                batch.n = 0;
            }
            if (candidate >= candidates) break;
        }
    }

    // Turn the words of a batch into weights and delays.
    [[gnu::noinline]] void complete(EdgeBatch& batch) const {
        draw_weights(spec_, batch.weight_words, batch.edges, batch.n, batch.weights);
        if (spec_.delays)
            for (int64_t i = 0; i < batch.n; ++i) batch.delays[i] = static_cast<int32_t>(spec_.delays[batch.edges[i]]);
        else
            for (int64_t i = 0; i < batch.n; ++i) batch.delays[i] = delay_(batch.delay_words[i]);
    }

  private:
    // What a source draws, as far as the thread owns it.
    template <class Flush>
    void source(int64_t s, const LocalPopulation& population, int64_t slot, EdgeBatch& batch, Flush&& flush) const {
        const int64_t gid = source_id(spec_, s);
        const int64_t self = spec_.autapses ? -1 : target_of_id(spec_, gid);
        choose(gid, purpose_targets, drawn_by(s), spec_.post_size - (self >= 0 ? 1 : 0),
               self, [&](int64_t post, uint32_t delay_word, uint32_t weight_word) {
                   const int64_t local = spec_.post_members ? spec_.post_members[post] : spec_.post_start + post;
                   if (local % population.n_workers == population.worker)
                       push(batch, s, slot + local / population.n_workers, delay_word, weight_word, flush);
               });
    }

    template <class Flush>
    void push(EdgeBatch& batch, int64_t s, int64_t slot, uint32_t delay_word, uint32_t weight_word,
              Flush&& flush) const {
        batch.sources[batch.n] = static_cast<uint32_t>(s);
        batch.targets[batch.n] = static_cast<uint32_t>(slot);
        batch.delay_words[batch.n] = delay_word;
        batch.weight_words[batch.n] = weight_word;
        if (++batch.n < EdgeBatch::capacity) return;
        complete(batch);
        flush(batch);
        batch.n = 0;
    }

    struct Words {
        alignas(64) uint32_t w[4][edge_lanes];
    };

    void fill(Words& words, int64_t gid, uint32_t purpose, int64_t k) const {
        alignas(64) uint32_t c0[edge_lanes], c1[edge_lanes];
        for (int lane = 0; lane < edge_lanes; ++lane) {
            c0[lane] = static_cast<uint32_t>(k) + lane;
            c1[lane] = static_cast<uint32_t>(gid);
        }
        philox4x32_lanes<edge_lanes>(c0, c1, static_cast<uint32_t>(spec_.index), purpose, k0_, k1_, words.w[0],
                                     words.w[1], words.w[2], words.w[3]);
    }

    // Draw `n` of the numbers below `candidates`, passing over `self` (-1: nothing), and call
    // `visit(number, delay word, weight word)` for each. Without multapses, numbers drawn before
    // are left aside; where more than half is wanted, the numbers to leave out are drawn instead.
    template <class Visit>
    void choose(int64_t gid, uint32_t purpose, int64_t n, int64_t candidates, int64_t self, Visit&& visit) const {
        const auto shifted = [self](int64_t number) { return number + (self >= 0 && number >= self ? 1 : 0); };
        const bool inverted = !spec_.multapses && 2 * n > candidates;
        const int64_t wanted = inverted ? candidates - n : n;
        Words words;
        drawn_.clear();
        if (!spec_.multapses && static_cast<int64_t>(seen_.size()) < candidates) seen_.resize(candidates, 0);
        for (int64_t k = 0, found = 0; found < wanted; k += edge_lanes) {
            fill(words, gid, purpose, k);
            for (int lane = 0; lane < edge_lanes && found < wanted; ++lane) {
                const int64_t number = scaled(words.w[0][lane], words.w[1][lane], candidates);
                if (!spec_.multapses) {
                    if (seen_[number]) continue;
                    seen_[number] = 1;
                    drawn_.push_back(number);
                }
                ++found;
                if (!inverted) visit(shifted(number), words.w[2][lane], words.w[3][lane]);
            }
        }
        for (int64_t k = 0; inverted && k < candidates; k += edge_lanes) {
            fill(words, gid, purpose, k);
            for (int64_t number = k; number < std::min<int64_t>(k + edge_lanes, candidates); ++number)
                if (!seen_[number]) visit(shifted(number), words.w[2][number - k], words.w[3][number - k]);
        }
        for (const int64_t number : drawn_) seen_[number] = 0;
    }

    static int64_t scaled(uint32_t w0, uint32_t w1, int64_t n) {
        const uint64_t high = uint64_t(w0) * uint64_t(n), low = uint64_t(w1) * uint64_t(n);
        return static_cast<int64_t>((high + (low >> 32)) >> 32);
    }

    int64_t drawn_by(int64_t i) const { return spec_.offsets ? spec_.offsets[i + 1] - spec_.offsets[i] : spec_.degree; }

    // How many synapses a target has; Bernoulli stops by itself and is given an upper bound.
    int64_t count(int64_t ordinal, int64_t candidates) const {
        switch (spec_.rule) {
            case random_sources:
            case listed_edges: return drawn_by(ordinal);
            case matching_source: return 1;
            case bernoulli_sources: return spec_.probability > 0 ? candidates : 0;
            default: return candidates;
        }
    }

    // Sources of a target's synapses, the first of which is `edge` of the list or, without one, of
    // the target; returns how many there are.
    int draw_sources(const uint32_t* w0, const uint32_t* w1, int64_t edge, int64_t post, int lanes, int64_t candidates,
                     int64_t& candidate, int64_t* source) const {
        switch (spec_.rule) {
            case random_sources:
                for (int lane = 0; lane < edge_lanes; ++lane) source[lane] = scaled(w0[lane], w1[lane], candidates);
                return lanes;
            case bernoulli_sources: return skip_sources(w0, w1, lanes, candidates, candidate, source);
            case matching_source: source[0] = post; return 1;
            case listed_edges:
                for (int lane = 0; lane < lanes; ++lane) source[lane] = spec_.sources[edge + lane];
                return lanes;
            default:
                for (int lane = 0; lane < lanes; ++lane) source[lane] = edge + lane;
                return lanes;
        }
    }

    // Bernoulli trials over the candidates by geometric gaps between successes.
    int skip_sources(const uint32_t* w0, const uint32_t* w1, int lanes, int64_t candidates, int64_t& candidate,
                     int64_t* source) const {
        for (int lane = 0; lane < lanes; ++lane) {
            double gap = 0.0;
            if (spec_.probability < 1.0) {
                const uint64_t bits = ((uint64_t(w0[lane]) << 32) | w1[lane]) >> 11;
                gap = std::floor(log((static_cast<double>(bits) + 0.5) * 0x1p-53) / spec_.log1m);
            }
            if (gap >= static_cast<double>(candidates - candidate - 1)) {
                candidate = candidates;
                return lane;
            }
            candidate += 1 + static_cast<int64_t>(gap);
            source[lane] = candidate;
        }
        return lanes;
    }

    const ProjectionSpec& spec_;
    DelayTable delay_;
    uint32_t k0_, k1_;
    mutable std::vector<uint8_t> seen_;   // of `choose`: numbers drawn so far, all 0 between calls
    mutable std::vector<int64_t> drawn_;
};

}  // namespace neurosim
