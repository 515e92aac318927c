// Operations on synapses: the structs shared with Python, mirrored in synapse_operation_abi.py.
#pragma once
#include <cstdint>

namespace neurosim {

struct SynapseSumSpec {
    int32_t call;                        // what works out what is summed, among the kernel's for operations
    int32_t of_source;                   // over the synapses of a source, else of a target
};

struct OperationStageSpec {
    int32_t call;                        // what runs the statements, among the same
    int32_t by_source;                   // they use what a source's synapses have in common
    int32_t first_sum, n_sums;           // taken before, among those of the operation
};

struct SynapseOperationSpec {            // runs in steps first_step + k every
    int64_t every, first_step;
    int32_t at_end;                      // after the resets, else before the sums
    int32_t gathers;                     // it reads variables of the sources
    int32_t meets;                       // which others may be writing
    int32_t n_stages, n_sums, n_shares;
    const OperationStageSpec* stages;
    const SynapseSumSpec* sums;
    const int32_t* shares;               // which of the reads ranks give each other before it
};

}  // namespace neurosim
