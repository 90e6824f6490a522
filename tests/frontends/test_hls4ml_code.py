"""Generated C++ read back."""

from __future__ import annotations

import pytest

from bxnn.frontends.hls4ml.code import Call, Config, parse_call

SOFTMAX = """struct softmax_config5 : nnet::activ_config {
    static const unsigned n_in = 4*6;
    static const unsigned exp_table_size = 512;
    static const unsigned axis = -1;
    static const nnet::softmax_implementation implementation = nnet::softmax_implementation::stable;
    static constexpr float exp_scale = 0.5;
    typedef sm_exp_table_t exp_table_t;
    typedef ap_ufixed<15, 5> inp_norm_t;
};
"""

HARD = """struct hard_sigmoid_config3 {
    static const unsigned n_in = 8;
    static const slope3_t slope;
    static const shift3_t shift;
};
const slope3_t hard_sigmoid_config3::slope = 0.2;
const shift3_t hard_sigmoid_config3::shift = 0.5;
"""

DENSE = """struct config2 : nnet::dense_config {
    static const unsigned n_in = 12;
    static const unsigned strategy = nnet::resource;
    static const unsigned multiplier_limit = DIV_ROUNDUP(n_in * n_out, reuse_factor) - n_zeros / reuse_factor;
    typedef d_accum_t accum_t;
    template<class data_T, class res_T, class CONFIG_T>
    using kernel = nnet::DenseResource_rf_leq_nin<data_T, res_T, CONFIG_T>;
    template<class x_T, class y_T>
    using product = nnet::product::weight_binary<x_T, y_T>;
};
"""

TRANSPOSE = """struct config4 {
    static const unsigned dims = 2;
};

unsigned config4_from_shape[2] = {3, 4};
unsigned config4_perm_strides[2] = {1, 4};
"""


def test_members() -> None:
    config = Config(SOFTMAX)
    assert config.number("n_in") == 24
    assert config.text("axis") == "-1"
    assert config.word("implementation") == "stable"
    assert config.real("exp_scale") == 0.5
    assert config.text("inp_norm_t") == "ap_ufixed<15, 5>"
    with pytest.raises(KeyError):
        config.text("accum_t")


def test_inherited_members_are_those_of_the_base() -> None:
    assert Config(SOFTMAX).number("table_size") == 1024
    assert Config(SOFTMAX).text("table_t") == "ap_fixed<18, 8>"
    with pytest.raises(KeyError):
        Config(HARD).text("table_t")


def test_members_defined_outside() -> None:
    assert Config(HARD).real("slope") == 0.2
    assert Config(TRANSPOSE).array("perm_strides") == [1, 4]


def test_aliases() -> None:
    config = Config(DENSE)
    assert config.word("kernel") == "DenseResource_rf_leq_nin"
    assert config.word("product") == "weight_binary"
    assert config.word("strategy") == "resource"
    with pytest.raises(ValueError):
        config.number("multiplier_limit")


def test_calls() -> None:
    assert parse_call("nnet::relu<layer2_t, layer3_t, relu_config3>(layer2_out, layer3_out);") == Call(
        "relu", ("layer2_t", "layer3_t", "relu_config3"), ("layer2_out", "layer3_out")
    )
    leaky = parse_call("nnet::leaky_relu<a_t, p_t, r_t, c>(x, 0.30000001192092896, y);")
    assert leaky is not None and leaky.arguments[1] == "0.30000001192092896"
    assert parse_call("for (int i = 0; i < 3; i++) f<a>(x);") is None
