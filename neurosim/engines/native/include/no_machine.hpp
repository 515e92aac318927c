// Stands for the machine in networks that run as none: nothing of it is ever called.
#pragma once
#include "degrees.hpp"
#include "deliver.hpp"
#include "machine_types.hpp"

namespace neurosim {

struct LocalPopulation;

class Machine {
  public:
    Machine(const MachineSpec&, const std::vector<uint16_t>&) {}

    int64_t slack() const { return 0; }
    void see(const NetworkSpec&, std::vector<LocalPopulation>&, const std::vector<std::vector<int64_t>>&) {}
    void count_sources(const NetworkSpec&, std::vector<Degrees>&) const {}
    void note(int64_t) {}
    void pass(std::vector<uint32_t>&, int64_t) {}
    void deliver_learnt(int64_t) {}
    template <class Target>
    void count_rows(const SynapseStore&, std::vector<uint16_t>&) const {}
    template <class Target>
    void enter(Calendar&, const SynapseStore&, const std::vector<uint32_t>&, int64_t) {}
    template <class Target>
    bool deliver(const std::vector<Calendar::Entry>&, real*) { return false; }
};

}  // namespace neurosim
