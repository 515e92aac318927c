// How the runtime reaches the other ranks: mirrored in exchange_abi.py.
//
// The message library is called through addresses that Python hands over, so that nothing is
// compiled against one. Its handles (communicators, types, requests) are an int or a pointer,
// depending on the library; passed as 64 bits, either is right for the calling conventions of
// x86-64 and AArch64.
#pragma once
#include <cstdint>

namespace neurosim {

using Handle = uint64_t;

struct MessengerSpec {
    int32_t kind;                        // 0: no other ranks, 1: MPI, 2: others are pretended
    int32_t choice;                      // 0: the faster exchange, 1: allgather, 2: targeted
    double rate;                         // pretended spikes of each neuron, per second
    Handle communicator, byte;
    int (*all_gather)(const void*, int, Handle, void*, int, Handle, Handle, void*);  // MPI_Iallgather
    int (*all_to_all)(const void*, int, Handle, void*, int, Handle, Handle, void*);  // MPI_Ialltoall
    int (*test)(void*, int*, void*);     // MPI_Test
    void (*idle)();                      // called now and then while waiting; may be null
};

}  // namespace neurosim
