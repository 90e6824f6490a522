// downstream MODEL.bxnn: replays the model's golden vectors, then runs one event of zeros. Only public headers.
#include <bxnn/c_api.h>
#include <bxnn/cuda.hpp>
#include <bxnn/model.hpp>
#include <bxnn/version.hpp>

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    try {
        const auto model = bxnn::Model::load(argv[1]);
        bxnn::Context context(model);
        std::vector<std::vector<std::int64_t>> x, y;
        std::vector<bxnn::ConstArray> in;
        std::vector<bxnn::Array> out;
        for (const auto& tensor : model.inputs()) x.emplace_back(tensor.size());
        for (const auto& tensor : model.outputs()) y.emplace_back(tensor.size());
        for (const auto& array : x) in.emplace_back(array.data());
        for (auto& array : y) out.emplace_back(array.data());
        model.predict(context, in, out, 1);
        try {
            for (const auto& name : bxnn::cuda_devices()) std::printf("%s\n", name.c_str());
        } catch (const bxnn::Error& error) {
            if (error.kind() != bxnn::ErrorKind::unsupported) throw;  // most machines have no GPU
        }
        const auto test = model.self_test();
        std::printf("bxnn %s, %s: %llu values compared, %llu differ\n", BXNN_VERSION,
                    std::string(context.isa()).c_str(), static_cast<unsigned long long>(test.compared),
                    static_cast<unsigned long long>(test.differing));
        return test.compared > 0 && test.differing == 0 ? 0 : 1;
    } catch (const std::exception& error) {
        return std::fprintf(stderr, "%s\n", error.what()), 1;
    }
}
