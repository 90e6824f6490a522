// Every kernel body but the edges, each after what it uses. Included inside one instruction set's namespace.
// clang-format off
#include "fx/quantize.inl"
#include "kernels/paired.inl"
#include "kernels/steps.inl"
#include "kernels/producers.inl"
#include "kernels/dot.inl"
#include "kernels/block.inl"
