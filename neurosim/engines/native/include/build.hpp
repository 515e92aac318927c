// Building a thread's synapses: drawn by target, stored by source.
//
// Sources are taken in chunks of consecutive ids. For each chunk, every projection is drawn and
// the synapses from the chunk are kept as records, in buckets of neighbouring sources; then each
// bucket, small enough for the cache, is sorted by (source, key) into its final place. The key is
// the delay and the class of the projection: projections declared one after another are one class
// if all of their synapses have the same weight, which is then stored once per segment.
#pragma once
#include <algorithm>
#include <bit>
#include <vector>

#include "degrees.hpp"
#include "edges.hpp"
#include "population.hpp"
#include "synapses.hpp"

#ifndef NEUROSIM_CHUNK_RECORDS
#define NEUROSIM_CHUNK_RECORDS 16e6  // tests make chunks smaller
#endif

namespace neurosim {

struct Record {
    uint32_t target;
    Weight weight;
    uint16_t source, key;  // source: relative to the bucket; key: delay * n_classes + class
};

// A list of records that grows by pages and gives them back to a pool.
class Bucket {
  public:
    struct Pool {
        int64_t page_records = 2048;
        std::vector<Bytes> pages;

        // Pages from now on hold about `records`.
        void resize(double records) {
            const auto size = std::bit_ceil(static_cast<uint64_t>(std::clamp(records, 64.0, 2048.0)));
            if (static_cast<int64_t>(size) != page_records) pages.clear();
            page_records = static_cast<int64_t>(size);
        }
    };

    void push(const Record& record, Pool& pool) {
        if (pages_.empty() || used_ == pool.page_records) grow(pool);
        tail_[used_++] = record;
        ++size_;
    }
    int64_t size() const { return size_; }

    template <class Visit>
    void each(const Pool& pool, Visit&& visit) const {
        for (size_t p = 0; p < pages_.size(); ++p) {
            const auto* records = reinterpret_cast<const Record*>(pages_[p].get());
            const int64_t n = p + 1 < pages_.size() ? pool.page_records : used_;
            for (int64_t i = 0; i < n; ++i) visit(records[i]);
        }
    }

    void release(Pool& pool) {
        for (auto& page : pages_) pool.pages.push_back(std::move(page));
        pages_.clear();
        used_ = size_ = 0;
    }

  private:
    void grow(Pool& pool) {
        if (pool.pages.empty())
            pages_.push_back(allocate(static_cast<size_t>(pool.page_records) * sizeof(Record)));
        else {
            pages_.push_back(std::move(pool.pages.back()));
            pool.pages.pop_back();
        }
        tail_ = reinterpret_cast<Record*>(pages_.back().get());
        used_ = 0;
    }

    std::vector<Bytes> pages_;
    Record* tail_ = nullptr;
    int64_t used_ = 0, size_ = 0;
};

class Builder {
  public:
    Builder(const NetworkSpec& spec, std::vector<LocalPopulation>& populations,
            const std::vector<std::vector<int64_t>>& slots, bool wide, SynapseStore& store,
            std::vector<Degrees>& outdegrees)
        : spec_(spec), populations_(populations), slots_(slots), wide_(wide), store_(store),
          outdegrees_(outdegrees) {
        classify();
    }

    void run() {
        store_.clear(spec_.n_ids);
        outdegrees_.assign(spec_.n_projections, {});
        const std::vector<double> expected = expected_rows();
        const double most = std::min(chunk_records, std::max(all_records / spec_.n_workers(), fewest_records));
        constexpr int64_t size = SynapseStore::group_size;
        const auto n_groups = static_cast<int64_t>(expected.size());
        for (int64_t begin = 0; begin < n_groups;) {
            int64_t end = begin;
            double load = 0;
            while (end < n_groups && (end == begin || load + expected[end] <= most)) load += expected[end++];
            chunk(begin * size, std::min(end * size, spec_.n_ids), load);
            begin = end;
        }
        store_.shrink();
    }

  private:
    static constexpr double chunk_records = NEUROSIM_CHUNK_RECORDS;
    static constexpr double bucket_records = 40e3;  // with their sorted copy they fit a 1 MB cache
    static constexpr double table_entries = 5e5;    // of a bucket's (source, key) tables
    // Of all workers, who may share a machine: small chunks take less memory, but all is drawn for each.
    static constexpr double all_records = 2 * chunk_records, fewest_records = chunk_records / 8;

    // Sort the projections into classes; all into one that does not share weights where the keys
    // would not fit 16 bits.
    void classify() {
        const int64_t n_delays = spec_.largest_delay + 1;
        const auto fixed = [](const ProjectionSpec& p) { return p.weight == constant; };
        const auto value = [](const ProjectionSpec& p) { return static_cast<Weight>(p.a); };
        const ProjectionSpec* last = nullptr;
        for (int32_t p = 0; p < spec_.n_projections; ++p) {
            const ProjectionSpec& own = spec_.projections[p];
            if (own.array >= 0) {  // others have a synapse model and are built elsewhere
                const bool same = last && fixed(own) == fixed(*last) && (!fixed(own) || value(own) == value(*last));
                if (!same) constant_.push_back(fixed(own));
                last = &own;
            }
            class_.push_back(static_cast<int64_t>(constant_.size()) - 1);
        }
        if (n_delays * static_cast<int64_t>(constant_.size()) > 65536) {
            constant_.assign(1, false);
            class_.assign(class_.size(), 0);
        }
        n_classes_ = std::max<int64_t>(static_cast<int64_t>(constant_.size()), 1);
        n_keys_ = n_delays * n_classes_;
    }

    // Synapses each group of sources is expected to have on this thread; only sizes chunks and buckets.
    std::vector<double> expected_rows() const {
        constexpr int64_t size = SynapseStore::group_size;
        std::vector<double> rows(static_cast<size_t>((spec_.n_ids + size - 1) / size), 0.0);
        for (int p = 0; p < spec_.n_projections; ++p) {
            const ProjectionSpec& projection = spec_.projections[p];
            if (projection.array < 0) continue;
            const double per_source = projection.expected / static_cast<double>(projection.pre_size);
            for (int64_t s = 0; s < projection.pre_size; ++s)
                rows[source_id(projection, s) / size] += per_source / spec_.n_workers();
        }
        return rows;
    }

    void chunk(int64_t begin, int64_t end, double load) {
        const double per_source = std::max(load / static_cast<double>(end - begin), 1.0);
        const double width = std::min(bucket_records / per_source, table_entries / static_cast<double>(n_keys_));
        shift_ = std::bit_width(static_cast<uint64_t>(std::clamp(width, 1.0, 65536.0))) - 1;
        width_ = int64_t(1) << shift_;
        const int64_t n_buckets = (end - begin + width_ - 1) >> shift_;
        if (static_cast<int64_t>(buckets_.size()) < n_buckets) buckets_.resize(n_buckets);
        pool_.resize(load / static_cast<double>(n_buckets));
        for (int p = 0; p < spec_.n_projections; ++p)
            if (spec_.projections[p].array >= 0) draw(p, begin, end);
        const auto each_bucket = [&](auto&& work) {
            for (int64_t b = 0; b < n_buckets; ++b)
                work(buckets_[b], begin + b * width_, std::min(end, begin + (b + 1) * width_));
        };
        store_.begin_chunk();
        each_bucket([&](const Bucket& bucket, int64_t first, int64_t last) { layout(bucket, first, last); });
        store_.end_chunk(begin, end);
        each_bucket([&](Bucket& bucket, int64_t first, int64_t last) {
            place(bucket, first, last);
            bucket.release(pool_);
        });
    }

    void draw(int p, int64_t begin, int64_t end) {
        const ProjectionSpec& projection = spec_.projections[p];
        const int64_t low = sources_below(projection, begin), high = sources_below(projection, end);
        if (low >= high) return;
        const EdgeSource source(projection, spec_.seed);
        outdegree_.assign(static_cast<size_t>(high - low), 0);
        const auto keep = [&](const EdgeBatch& batch) {
            for (int64_t i = 0; i < batch.n; ++i) {
                const uint64_t relative = source_id(projection, batch.sources[i]) - begin;
                const uint64_t bucket = relative >> shift_;
                ++outdegree_[batch.sources[i] - low];
                buckets_[bucket].push(Record{batch.targets[i], batch.weights[i],
                                             static_cast<uint16_t>(relative - (bucket << shift_)),
                                             static_cast<uint16_t>(batch.delays[i] * n_classes_ + class_[p])},
                                      pool_);
            }
        };
        LocalPopulation& population = populations_[projection.population];
        const int64_t slot = slots_[projection.population][projection.array];
        source.draw(population, slot, low, high, batch_, keep);
        outdegrees_[p].append(low, outdegree_.data(), high - low);
    }

    // Fill `counts_` with the bucket's synapses per (source, key).
    void tally(const Bucket& bucket, int64_t begin, int64_t end) {
        counts_.assign(static_cast<size_t>((end - begin) * n_keys_), 0);
        bucket.each(pool_, [&](const Record& r) { ++counts_[r.source * n_keys_ + r.key]; });
    }

    // Append the rows and segments of the bucket's sources.
    void layout(const Bucket& bucket, int64_t begin, int64_t end) {
        if (!bucket.size()) return;
        tally(bucket, begin, end);
        for (int64_t s = 0; s < end - begin; ++s) {
            bool first = true;
            for (int64_t key = 0; key < n_keys_; ++key)
                for (int64_t left = counts_[s * n_keys_ + key]; left > 0; left -= segment_limit) {
                    if (first) store_.begin_row(begin + s);
                    first = false;
                    const Segment segment = Segment::of(key / n_classes_, std::min(left, segment_limit), constant_[key % n_classes_]);
                    store_.add_segment(segment, bytes_of(segment));
                }
        }
    }

    struct Cursor {           // where the next synapse of a (source, key) goes
        std::byte* data;
        const Segment* segment;
        uint32_t used;
        Segment now;
    };

    void place(const Bucket& bucket, int64_t begin, int64_t end) {
        if (!bucket.size()) return;
        cursors_.resize(static_cast<size_t>((end - begin) * n_keys_));
        if (n_classes_ > 1) tally(bucket, begin, end);
        for (int64_t s = 0; s < end - begin; ++s) {
            const SynapseStore::Row row = store_.row(begin + s);
            auto* data = const_cast<std::byte*>(row.data);
            int64_t key = -1, left = 0;
            for (const Segment* i = row.begin; i != row.end; ++i) {
                if (left <= 0) {
                    key = next_key(s, key, *i);
                    left = n_classes_ > 1 ? counts_[s * n_keys_ + key] : run_length(i, row.end);
                    cursors_[s * n_keys_ + key] = {data, i, 0, *i};
                }
                left -= i->count();
                data += bytes_of(*i);
            }
        }
        if (wide_)
            bucket.each(pool_, [&](const Record& r) { write<uint32_t>(cursors_[r.source * n_keys_ + r.key], r); });
        else
            bucket.each(pool_, [&](const Record& r) { write<uint16_t>(cursors_[r.source * n_keys_ + r.key], r); });
    }

    // The key that a row's segment starts: with one class it is the delay.
    int64_t next_key(int64_t source, int64_t key, Segment segment) const {
        if (n_classes_ == 1) return segment.delay;
        do ++key;
        while (counts_[source * n_keys_ + key] == 0);
        return key;
    }

    // Synapses in a segment and those after it with the same delay.
    static int64_t run_length(const Segment* first, const Segment* end) {
        int64_t n = 0;
        for (const Segment* i = first; i != end && i->delay == first->delay; ++i) n += i->count();
        return n;
    }

    int64_t bytes_of(Segment segment) const {
        return wide_ ? segment_bytes<uint32_t>(segment) : segment_bytes<uint16_t>(segment);
    }

    template <class Target>
    void write(Cursor& cursor, const Record& record) {
        if (cursor.used == cursor.now.count()) {  // a segment at its limit: the same key goes on in the next
            cursor.data += segment_bytes<Target>(cursor.now);
            cursor.now = *++cursor.segment;
            cursor.used = 0;
        }
        auto* weights = reinterpret_cast<Weight*>(cursor.data);
        weights[cursor.now.constant() ? 0 : cursor.used] = record.weight;
        reinterpret_cast<Target*>(weights + cursor.now.n_weights())[cursor.used] = static_cast<Target>(record.target);
        ++cursor.used;
    }

    const NetworkSpec& spec_;
    std::vector<LocalPopulation>& populations_;
    const std::vector<std::vector<int64_t>>& slots_;
    const bool wide_;  // targets take 32 bits
    SynapseStore& store_;
    std::vector<Degrees>& outdegrees_;
    std::vector<bool> constant_;   // per class: do its synapses share their weight?
    std::vector<int64_t> class_;   // per projection
    int64_t n_classes_ = 1, n_keys_ = 1, width_ = 1;
    int shift_ = 0;
    std::vector<Bucket> buckets_;
    Bucket::Pool pool_;
    EdgeBatch batch_;
    std::vector<uint32_t> counts_, outdegree_;
    std::vector<Cursor> cursors_;
};

}  // namespace neurosim
