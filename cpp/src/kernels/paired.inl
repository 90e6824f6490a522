// The paired dot product alone, after what it uses.
// clang-format off
#include "kernels/arithmetic.inl"
#include "kernels/rows.inl"
#include "kernels/words.inl"
#include "kernels/pairs.inl"
