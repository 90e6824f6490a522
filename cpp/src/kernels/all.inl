// Every kernel body, in order. Included inside one instruction set's namespace.
#include "fx/quantize.inl"
#include "kernels/rows.inl"
#include "kernels/steps.inl"
#include "kernels/producers.inl"
#include "kernels/dot.inl"
#include "kernels/edges.inl"
#include "kernels/block.inl"
