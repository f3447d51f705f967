"""The same key gives the same bits: golden digests, under other BLAS kernels, threads and vector units."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from lamm_robust import generators
from lamm_robust.values import Precision, ProblemKey

ROOM = Path(generators.__file__).parent


class Golden(NamedTuple):
    """A problem and the digests of its bits in both precisions."""

    family: str
    params: dict[str, Any]
    float32: str
    float64: str


GOLDEN = [
    Golden(
        "spectrum",
        {
            "m": 30,
            "n": 10,
            "mode": "geometric",
            "log10_cond": 7,
            "residual": 1e-12,
            "direction": "random",
            "seed": 0,
        },
        "928c978086b8fa995d2e4a7be3bfe93407c984e3d77a7b81db23b07c2d8f4755",
        "693b7ae074a96e2e0e78987dae4343bfe75e95b357199cca1854dba8a3f7251c",
    ),
    Golden(
        "spectrum",
        {
            "m": 5,
            "n": 12,
            "mode": "log_uniform",
            "log10_cond": 2.5,
            "residual": 0.0,
            "direction": "leading",
            "seed": 3,
        },
        "0381001b9e53b79773037e34ed0a7201270976f33ec2c93a67ee7ed217eeba8a",
        "f326559d12fbef6f25653cfecd366505bc22ee82f03d7546e2fdae37e1ff4b63",
    ),
    Golden(
        "exact_rank",
        {"m": 30, "n": 10, "rank": 7, "log2_cond": 6, "residual": 1.0, "seed": 0},
        "f10755a47817e613fe6cc1eff5e2740b686e86a946c231f495e4148f690fceea",
        "bebb5312b8b32e1c02545b3893daa220fd9bd700c509f5da5e085866f5123326",
    ),
    Golden(
        "exact_rank",
        {"m": 6, "n": 17, "rank": 5, "log2_cond": 3, "residual": 0.0, "seed": 1},
        "f5c28dcaae5b6e0dca52e9923a818c507c46043226a6f1ed22d4ce16d3374ca6",
        "bb6bca3ad2a0c646818df44a5ddb44b44c7535587a01f9faf91b78d31ed10582",
    ),
    Golden(
        "polynomial",
        {"points": 5, "degree": 2, "abscissae": "integers", "seed": 0},
        "20da8cad6c79a6e978711d1f7cf61e47d6a319ba9dfb3672f0243cd2e38f7a6c",
        "a020cf4e7711ad55740849183687fb169f8cec281ddc42b3653a05f03bf5d5d1",
    ),
    Golden(
        "polynomial",
        {"points": 21, "degree": 8, "abscissae": "centred", "seed": 1},
        "e35c9d5314337fae6a2f46e4137650804dfd0b52accebab87bb2c9a4627c1d9e",
        "3aca6cda79ffecc63fc12bb98e2e79377a3544b2083c7f766e7653ec088b9df6",
    ),
    Golden(
        "nist",
        {"dataset": "Longley"},
        "06ab9e52d6e438df5200deb50d803cf1411fe52d5137ad013b36c3580755de11",
        "c96b53629d54109aff2816ff10ef37296a2eab0af93ffe58092abe001860b84d",
    ),
    Golden(
        "nist",
        {"dataset": "Filip"},
        "8d64db969820fc8618ac40e178510cb3fdfb2637e849125e0f3e419302d70c3e",
        "01455eed4fa3a4dcb9f16552f35c7e2829cbae0fafe644ca79afbb129f60aef5",
    ),
    Golden(
        "lamm",
        {"modes": 4, "directions": 9, "step": 0.0, "seed": 0},
        "9712d4d0555d5a79820d37d508aa3a48e5048ef040ad7b3bf26616903eff7555",
        "b5017c1d948c5375b3233c61f17899bb70d00cea6a7629ee36f7f42a3e23abfe",
    ),
    Golden(
        "lamm",
        {"modes": 5, "directions": 3, "step": 0.00390625, "seed": 1},
        "7b2646fdd302107dd2e257b745a6908b4b25e3eff941ef34195a4a9e3e002ac3",
        "459310bdb1da522cde8b89d212c2451c9ea593e4e84b8e930df5646542378090",
    ),
    Golden(
        "named",
        {"matrix": "hilbert", "m": 16, "n": 7, "parameter": 0, "residual": 0.001, "seed": 0},
        "cfdfcfe743e45eda393300d4ecd96ad321e5d7dd15e1d0826aadedaf740de421",
        "2985077c773e52b3109c7ef047cf94653dd09c58c806829367a4272b366e5365",
    ),
    Golden(
        "named",
        {"matrix": "vandermonde", "m": 9, "n": 12, "parameter": 0, "residual": 0.0, "seed": 1},
        "e92d16925d4e80bb8ac885c9e857d7f584caffbf10baf4469e6162a6cc5c247b",
        "0695e3066b0fc92f40206ec6be649cc8b96c0bacd38e5cc6693d22c1514b383a",
    ),
    Golden(
        "named",
        {"matrix": "kahan", "m": 16, "n": 16, "parameter": 2, "residual": 0.0, "seed": 0},
        "35bcead42bcdd486e98ecaa0bebdaf95ec40397c13f76114e7d931d1cf24d903",
        "ce9040d431288eb67f3400b1f5b60b9d84a9bf99a4250967a60aae988df14d7a",
    ),
    Golden(
        "named",
        {"matrix": "chebyshev_vandermonde", "m": 12, "n": 6, "parameter": 0, "residual": 1.0, "seed": 2},
        "5c3e389647de62fe8a2eab7d517df59d696b0c228fdd9b19ab2243fee9283276",
        "0e331bb328d21039b1ca398bf54dc74e84eb578e503eaf002e59de3228ad878e",
    ),
    Golden(
        "integral",
        {"equation": "phillips", "m": 16, "n": 16, "noise": 0.0, "seed": 0},
        "2f454331c1538b5452210791e49a388259184804019b6707a5d5197f5c2ff3b4",
        "485b59c1ad6f7979747a2053a551b9640accee159e9b1030145aa0f8059490fe",
    ),
    Golden(
        "integral",
        {"equation": "shaw", "m": 24, "n": 12, "noise": 0.0009765625, "seed": 1},
        "9ee65deaa467b8a6c521a738453e5c0fe7325482dc39f37bdf7f48f052fed26f",
        "fd68d39ebf1010d952cd8253ae3aaa8e42524f33cf77ce99c65c7d09161637ad",
    ),
    Golden(
        "integral",
        {"equation": "heat", "m": 16, "n": 8, "noise": 0.5, "seed": 0},
        "dd88d1b50bd62001b9203e3a5e3fd8a0e099ef124ea824bc352b689832f4a680",
        "8dd0ebdc9fd4fa30b4aa85b09779bb08902aa2fd7a4346625b0a6659f5a3b9ea",
    ),
    Golden(
        "columns",
        {"m": 30, "n": 6, "pattern": "affine", "position": "last", "residual": 1.0, "seed": 0},
        "4b2be1fb06a445ea29aebde9755d97766a1500bd25c36c8f7bb612f0cfb45a42",
        "eb3c61d498a768db4b537bf180649aa96c55438cd119c5674e8757cb4e77847f",
    ),
    Golden(
        "columns",
        {"m": 7, "n": 9, "pattern": "dummy", "position": "middle", "residual": 0.0, "seed": 3},
        "eb6a6522c942ff3ba06f0e42f1b5566c7859b7e9126d9562077169cfca5b3f14",
        "e8d971dc5ba0e1c279adf32f76b4013e1c36e4bad371bdceec4df754969cc165",
    ),
    Golden(
        "offset",
        {"m": 30, "regressors": 1, "offset": 1700000000, "step": 3600.0, "seed": 0},
        "a2f122c3a68c6d76457991bc79e1470454dc955f08042cbae4b8759be86da295",
        "18946ee649115f61c8d56da35699ba48237ccc8ebbcd6e1c4f40b86f08067ffc",
    ),
    Golden(
        "offset",
        {"m": 16, "regressors": 3, "offset": 10000000000, "step": 0.0009765625, "seed": 1},
        "39dcfa03fe91885c7354cdb356f9278886330add3b6cb1b5a992d8598b5fbbe2",
        "d68c623b5113e5234dfde2c2275b84254ac83eb93aa44f9a90b300135e34674d",
    ),
    Golden(
        "near_rank",
        {"m": 30, "n": 10, "rank": 7, "gap_bits": 10, "log2_cond": 2, "residual": 0.00390625, "seed": 0},
        "8d5804b65aa9d51c000477c9e788e85c282b120bff60d2763a49a5af445664cb",
        "723812dc7b28f35c2f3453ddb3def2d38e2e59401d177962853ad119956011fd",
    ),
    Golden(
        "near_rank",
        {"m": 9, "n": 12, "rank": 4, "gap_bits": 30, "log2_cond": 0, "residual": 0.0, "seed": 1},
        "e0eee343b52241b04092e7642b725b8db405667df814b70e22a476142cbf9722",
        "51dd18970876f636986e443737086f68c761d2a9ad8a63fb35242fb1ea173d9d",
    ),
    Golden(
        "weighted",
        {"m": 30, "n": 6, "log2_span": 66, "order": "ascending", "axis": "rows", "residual": 0.0009765625, "seed": 0},
        "a81acd2dcbe4fb963d61fa91c2af876a0731665b2693638e98fef5d76e886f93",
        "68204b29f291d1dec5927a3c5438fd86d81cbb1c7c150c215fd39906732b41e0",
    ),
    Golden(
        "weighted",
        {"m": 8, "n": 12, "log2_span": 33, "order": "shuffled", "axis": "columns", "residual": 0.0, "seed": 1},
        "2b1f8d98435350e113aecb223f1eaabdf70f88f69a0499fc9da3ebacc361a630",
        "65fca9f3551820a6bb1ad20da0b74a19ded09b6149ac2bf3aaa34edeaf95b4d7",
    ),
    Golden(
        "spectrum",
        {
            "m": 9,
            "n": 6,
            "mode": "polynomial",
            "log10_cond": 4,
            "residual": 1.0,
            "direction": "trailing",
            "seed": 0,
        },
        "3bac2747ce9fa08dcdc6c361a59b5e3b260f079f7d1d62e85a20e53e5acc7f17",
        "85bec40c0b7fc6b36ee66352e03fa2816f0857fa30143cce9f466fe4b5edd48a",
    ),
    Golden(
        "spectrum",
        {
            "m": 8,
            "n": 8,
            "mode": "normal",
            "log10_cond": 3.5,
            "residual": 0.0,
            "direction": "random",
            "seed": 2,
        },
        "bbc209b8f03760cecb13d599ef4695494cd33560c7d61ba19a0c56c63a5047d7",
        "3d9b59f0cc1cd66987ca79e82e8996f212431eeb01cf0792d95449a329995d9f",
    ),
    Golden(
        "field",
        {"report": "torch-88101"},
        "48cf1d464612c924f3a8adf86d6a6e0db836fa6aae1b0672ad0879d968afa042",
        "984a761d2873a46b09a213c2b30f572132ffafaae0a5932ddd3a91ebbc382893",
    ),
    Golden(
        "field",
        {"report": "linearsolve-531"},
        "b38e9c810cdb35c4901a314d72bd199d1d34205d5e8a5d4ed045cdba35607485",
        "a2cb7114d488d41488432ecdebaf580b9404b0dad0db4ae6e33ffb4acfe9efe1",
    ),
    Golden(
        "scaled",
        {"m": 30, "n": 10, "rank": 7, "log2_cond": 4, "residual": 0.0625, "log2_a": 127, "log2_b": 20, "seed": 0},
        "fb7036b6e11b47803a0a31f34430457b8a6e28341cf76e234fb8e65f778c49f8",
        "0bdafdbf688e74d212201d99ca26244cd5d7783f2014cd5486811d508ea6960f",
    ),
    Golden(
        "scaled",
        {"m": 10, "n": 30, "rank": 5, "log2_cond": 2, "residual": 0.0, "log2_a": -135, "log2_b": -130, "seed": 1},
        "9460128af97d5d96b0bdebba7723b5728b4a415145ab711fd280f7516be9e1a6",
        "5cace6e2d50712d9dce416805bdfe13cce2c3b0b645e9fb9de5bbcc39a1a28c7",
    ),
    Golden(
        "tall",
        {"m": 100000, "n": 2, "offset": 4, "noise": 0.5, "seed": 0},
        "d66776713c31bac0da2359172f4cf3becb91acb0f0bb330575ac783cd88b2677",
        "f7d3742bd349d6123cf1cefb9dc335399e9aed94e54e5d897f0f519c821389d5",
    ),
    Golden(
        "tall",
        {"m": 1024, "n": 4, "offset": 64, "noise": 0.0009765625, "seed": 1},
        "eefa500f10d556f3b65e83b3e749a155fb66005609b0cc9517cb0629dbfefe7d",
        "f6579b9c1c2b34d45c7b8ff3753dec260ff6224fc812e02127491a1bf4449e6d",
    ),
    Golden(
        "right_sides",
        {"m": 30, "n": 10, "rank": 7, "log2_cond": 4, "k": 8, "log2_span": 80, "seed": 0},
        "17c67c8f648db45aaa8fa30f1dc30b50dc3161c3d13b072dd9180b5700028125",
        "a69230a4a4d092361d33d67e682f9f18eac2eb9805d83fa64f14b2701bbcb6f0",
    ),
    Golden(
        "right_sides",
        {"m": 10, "n": 30, "rank": 5, "log2_cond": 2, "k": 3, "log2_span": 20, "seed": 1},
        "d2bb8901551bf27649db0b5bcac3721733a887d185dd8449950c153b5b46f112",
        "4ef0c2dd80ad380bd8a2cb5a2ba95c3d9b2f809e16dd9ef27e6591522f1f852d",
    ),
    Golden(
        "raw",
        {"A": "1,2.5;-3e-4,0x1.8p-3;1e-45,3", "b": "1,0.1,-0.0"},
        "6109128fa8cb26c81fde9fff1cc7a7e169ef17c086b57eeeb3ddee7809b528e4",
        "b96e5784c71671f127c36c2a47188c9b4e7dc21127f51ad37ce7f0e16a92c373",
    ),
    Golden(
        "raw",
        {"A": 3, "b": 0.1},
        "55f533e5cab969684d9fe5ed57c43c7d9ac454c1ad8f1392b5a1d753c58cc504",
        "ae067048b7fe81ff02cb9b02b926864a9fbfb542f631c56cdbe54511378d6ad9",
    ),
    Golden(
        "degenerate",
        {"m": 0, "n": 10, "matrix": "zero", "target": "zero", "seed": 0},
        "fc07bb0d626c700d83fff17c06ee237c5fde64a52730d98599b8ad0639fa42b4",
        "061b074eff22888a25eb8b2d95a1e10f878104ad3c61c30a364286d5b793cb26",
    ),
    Golden(
        "degenerate",
        {"m": 30, "n": 10, "matrix": "column", "target": "orthogonal", "seed": 0},
        "e94d4929b7bfc1eda804a8c08770e7c628237479104087161eb1ff23b9520350",
        "36d8a205aa0b28449cf657ba1815c2763de48fc3942d876d24b88516370d5a1c",
    ),
    Golden(
        "degenerate",
        {"m": 16, "n": 16, "matrix": "row", "target": "general", "seed": 1},
        "d6d57e579a6ff2d0c7949ce1ec3660c40acc2c38155508c742cab214d8a72824",
        "f2f9e27c97ceba43c2d39e983fb9e1f0baf5daa2b11af6970b57c32adf17a0a8",
    ),
    Golden(
        "degenerate",
        {"m": 11, "n": 1, "matrix": "dense", "target": "general", "seed": 0},
        "062af95e1cf0354edadb74969dc27e51fb28889e935a2625e6fcf6fe915647f5",
        "16d04ce1a44e421b421db3d1ab679458b9f54223e2e91180c2170abfbf9e63db",
    ),
    Golden(
        "nonfinite",
        {"m": 30, "n": 10, "rank": 7, "value": "not-a-number", "array": "A", "place": "column", "seed": 0},
        "f0c212562e831ec0f78b5aa4155329b97b2bd3cb1a1fd1e6135957c00e48c11c",
        "bef6c1870c0418adb08363de06288d03ef4c547e14f7e8bec02c3c508c817791",
    ),
    Golden(
        "nonfinite",
        {"m": 10, "n": 16, "rank": 10, "value": "minus-infinity", "array": "b", "place": "last", "seed": 1},
        "3386f03817f0dfdec69f3bdda4372e8b7334ba382473b46b6fd379a67d49e660",
        "dd8457708ae08aae6fafea1025f5875e45c6cd2c4921b98970e029587d3ee466",
    ),
    Golden(
        "orthogonal",
        {"matrix": "spectrum_3", "seed": 0},
        "f13ac82eae79a6e89794241dffc59ea3f10edfe40dbe3472c77aef00fde8cd3c",
        "91452dd732769efe143f546718c37679731e26c16a46005390fad5a0a28e5e76",
    ),
    Golden(
        "orthogonal",
        {"matrix": "lauchli", "seed": 1},
        "891e30446ff4fa8c9d4c4e668fb09a2b1fb600454a63f135e318482ea8fa8988",
        "53acab7d3cecbed9edc0a1132a37fb10892601c2e92b3e76fac035fa276c418a",
    ),
    Golden(
        "named",
        {"matrix": "bauer", "m": 8, "n": 5, "parameter": 0, "residual": 1.0, "seed": 0},
        "d9e19b832e2f2c6d905e8bc8e7fea3cdc9fe9171f147837cbe97ca8c5afcea68",
        "c8bcff7efdfb984463a51a88b85815630e6dd4e22a6987b625d1d663d232e546",
    ),
    Golden(
        "named",
        {"matrix": "rosser", "m": 8, "n": 8, "parameter": 0, "residual": 0.0, "seed": 1},
        "ab545e52e193296896dd062429efa58f208c2630ab0b50b8ab853503d940d01a",
        "07ed5e64792a1525b3b4ce1e8b9f4bd2c58f063ee9ad7684ea9e10fb602bf229",
    ),
    Golden(
        "named",
        {"matrix": "magic", "m": 16, "n": 9, "parameter": 0, "residual": 1.0, "seed": 0},
        "83b020a5c336510fd908767ab9427596680bd5be040447d76b299f064e2c6023",
        "8f70e7b7691ce6ec4b7aeb47b640d63bc631b1a0582699c8a1269235ed24c002",
    ),
    Golden(
        "named",
        {"matrix": "inverse_hilbert", "m": 10, "n": 9, "parameter": 0, "residual": 0.0009765625, "seed": 2},
        "1300c23b6d34214f480d62f400b628f3354736515d8d85b4d655595951dc2989",
        "5607b98a06dd51a46861e1f4ab860a1239ee5d95bd49d7e2ad8ac777ba686dd1",
    ),
    Golden(
        "named",
        {"matrix": "gks", "m": 16, "n": 16, "parameter": 0, "residual": 0.0, "seed": 0},
        "d6f8e259fc8aa22555dd8006d007a9a07cf066ade09ac3dcd73bbe06d1f52f1a",
        "feb88c42c56000c4756af7848fdb6b030c8d8b84a6edb8482122cd44b05977fb",
    ),
    Golden(
        "integral",
        {"equation": "deriv2", "m": 16, "n": 16, "noise": 0.0, "seed": 0},
        "cf318903c66193b1b34167015f5b447ea8a1b0a71402058806c1da0bdd0acd32",
        "69231ee883491487839e3b672bd0eae3801440e4704f018f884331581864c35f",
    ),
    Golden(
        "integral",
        {"equation": "foxgood", "m": 16, "n": 8, "noise": 0.0009765625, "seed": 0},
        "5a8baf6ebebd05e1fc61545fffd64f04e69170cfa3bc6db68768639575fcccaf",
        "335a079206041c800ecb29675b7a5fb341d16e55ceba1b95db82bb12ae6d0afa",
    ),
    Golden(
        "integral",
        {"equation": "gravity", "m": 24, "n": 12, "noise": 0.0009765625, "seed": 1},
        "2382de1249a9cf773526787a053a4fb87eade8b61e65abb5d50ec71f3faa95fa",
        "0dcf4fbcd5949ab4f0fa2a17caca098737bb0ee89a4b38a863387cd957484bdc",
    ),
    Golden(
        "integral",
        {"equation": "wing", "m": 16, "n": 16, "noise": 0.5, "seed": 0},
        "f2a95832cf951a2e0ece81263c56ee5705ca6dd2a73d59fa0df30b386ad9ee9f",
        "4baf91af579abc9f55a4464f889d4260e2ea38ec7706c3f90d8d900be5b3671e",
    ),
    Golden(
        "integral",
        {"equation": "baart", "m": 30, "n": 15, "noise": 0.0009765625, "seed": 2},
        "e8feddd04b379c81fbcf9b62de3fb57a407e9ca2598886bdd0f73c221619b1de",
        "e8418dc88eb85d77fb00cb99cbd629bdf26f9558529a0dad2eb9c064b3653c5c",
    ),
    Golden(
        "spectrum",
        {"m": 30, "n": 10, "mode": "stairs", "log10_cond": 4, "residual": 1.0, "direction": "random", "seed": 0},
        "d09ac57fad7fbdc380a1ed751d493fc9e475492f5185aaafd33eba4f2c278c81",
        "b236d73721813d9e594d729c0eb5d5b893f5aeda57d8aef1d770120ece2a7807",
    ),
    Golden(
        "exact_rank",
        {"m": 65, "n": 33, "rank": 16, "log2_cond": 13, "residual": 1.0, "seed": 0},
        "dcb6c4db3791452ba2d2a51b6485a24831cf1e3c1f8caaa8de4f7d3b843a478f",
        "e25e5fc2dae1e51c90964d379dba407f36f6ed68d7b7acc6d587219e4ed79ae1",
    ),
    Golden(
        "right_sides",
        {"m": 30, "n": 10, "rank": 7, "log2_cond": 13, "k": 8, "log2_span": 80, "seed": 0},
        "75e2687161c23222f029cc82ba89f6c46a2965105758a4ea795113cb196af031",
        "fb4f66045be83504e5995ce991606868a316cfb5d7faab76997603d50d52b84c",
    ),
    Golden(
        "polynomial",
        {"points": 36, "degree": 1, "abscissae": "unix", "seed": 0},
        "a62cc307e39b2471c72251aafcccee56ec90069d84e93da72b9a4478041f031b",
        "6ec2565a2d989c960928dea6e208a509d4855bc4b21316082b49dbb937e59bc9",
    ),
    Golden(
        "polynomial",
        {"points": 16, "degree": 6, "abscissae": "wavelengths", "seed": 0},
        "8529d0216dc8d719adb9db4a8a3db9f07ef9b577730e5e7f8e4195ac56ac3dee",
        "56a548763fb0d59eaddbd838a4a71b7f8a9b78e4fc4e2e348aa196e691113087",
    ),
    Golden(
        "field",
        {"report": "mljs-213"},
        "3de9e7163839d1c4c101f38aec1b678372cf3492b84c3e54fd326cf99170b1c1",
        "7e6b09d491a9ebacb05b0e34bb8b620c038ee47b49ec5b4e0e4c0e093aa61a43",
    ),
    Golden(
        "field",
        {"report": "statsmodels-10126"},
        "a998d7cebdf25d4d32d11b7770101efaadb821d50d779e5936b290a609ac56dc",
        "2eb04ea93f8b3aef8ade9b83d3104b042c4ba434645afed5d6c198da170a9166",
    ),
]
"""Recorded once; a change of any of these is a new version of the suite."""

COMPLEX_GOLDEN = [  # with the digests in complex64 and complex128
    Golden(
        "spectrum",
        {"m": 30, "n": 10, "mode": "geometric", "log10_cond": 7, "residual": 1e-12, "direction": "random", "seed": 0},
        "c68ebf10f4ce0fd2b01330bc70a437af2028acc55e4a176f76a8dba13a4e8782",
        "5392f20cba2e45c046884efcae1fab214b78385434a1ff6250e758e8d9d4d556",
    ),
    Golden(
        "exact_rank",
        {"m": 30, "n": 10, "rank": 7, "log2_cond": 6, "residual": 1.0, "seed": 0},
        "03a40f0c6cb3d7d28bd5935354145436a38c2ee86d2793df8b1fd45f9bf4985d",
        "7362550633431fa800538a5ea593d80323eaae497c9cc2b1be8e03543395492f",
    ),
    Golden(
        "lamm",
        {"modes": 4, "directions": 9, "step": 0.0, "seed": 0},
        "df4288fa90a9679939d9c905c6a81b8aa076cf5f0b92a6a50ca1f7d802cd427b",
        "06b58f700b6f11b1b9646b88bc5c2771cea16be3cc26a5179758415096a00688",
    ),
    Golden(
        "columns",
        {"m": 30, "n": 6, "pattern": "affine", "position": "last", "residual": 1.0, "seed": 0},
        "c2af86bb9b437bf76a8f1776b6d0948b17343e1568b000028181caeec493da7b",
        "e43d3b220e217175947331fbdb717527e5db1247188d563749c36575c2a2e8ee",
    ),
    Golden(
        "offset",
        {"m": 30, "regressors": 1, "offset": 1700000000, "step": 3600.0, "seed": 0},
        "13751c3532935886aa27d9da1e0bed93ee2ffccb1c650478b74eea10ad1b2469",
        "489e1dc20128fdfe778ecd40da50769ba71fabc31fb065066f5aecc42c3f50e7",
    ),
    Golden(
        "near_rank",
        {"m": 30, "n": 10, "rank": 7, "gap_bits": 10, "log2_cond": 2, "residual": 2.0**-8, "seed": 0},
        "0d4afbb745ab2186727c26ad24207df30c5c7e7333b2f988fe63bfa30e42fe33",
        "a4ecdecef2dc0360ba2791bf1432e2acc78ba6ccd16b0d13878e733b95d23756",
    ),
    Golden(
        "scaled",
        {"m": 30, "n": 10, "rank": 7, "log2_cond": 4, "residual": 0.0625, "log2_a": 127, "log2_b": 20, "seed": 0},
        "5e3b6f4bb3ad6c727051e69f54e15792633d1479cd7e03fd947413456f2e9ce7",
        "58fa6320d0d08653cf22e57c85d37889a59a8667860bf36f2412ab2e6482eecc",
    ),
    Golden(
        "right_sides",
        {"m": 30, "n": 10, "rank": 7, "log2_cond": 4, "k": 8, "log2_span": 80, "seed": 0},
        "c14976a0777c1093d02a6b7570ec365598599b4d5421676a9a90603d5b458df3",
        "271cdd53e5d968988816a31de768fee0b7b96558946cbd177bc50c90833688e4",
    ),
    Golden(
        "nonfinite",
        {"m": 30, "n": 10, "rank": 7, "value": "not-a-number", "array": "A", "place": "column", "seed": 0},
        "2c10ea5dc4fa9de62a2635e84747a4ea5a3b084d363c242b30ce33cef110e0a6",
        "7ff5b97af869275da5939276249e4ffb262e6db7236b346281bc482ab8542392",
    ),
    Golden(
        "raw",
        {"A": "1+2j,3;4,5-1j;1j,2", "b": "1,1j,0x1p-1"},
        "3d3edf1b129fa9205cde5e822367006ea72206e43f8a5a2c57274d9be7119279",
        "e80cca18b4a480e59d7229872a8544fcd468ec372541441b64871fcace0b6b39",
    ),
    Golden(
        "field",
        {"report": "cupy-4389"},
        "37b41ebb5f8a0045d7cf961c4e5697af66644b382f83f40cac537b50dc4c81ea",
        "196d1898bdabdc7001419e7c75ae8d3faa5b759d11b5cda9b817a485e90391f8",
    ),
    Golden(
        "lamm",
        {"modes": 4, "directions": 7, "step": 2.0**-8, "seed": 0},
        "1f7257e501c1a695fc076d8c6708aee5113769851d07d91bf66b6ea2dccd0e6f",
        "28868f46af95488d5d5725e1e15dadc0d2905fbf9d2311dc7ad914161cd4c98d",
    ),
    Golden(
        "exact_rank",
        {"m": 3, "n": 2, "rank": 2, "log2_cond": 4, "residual": 1.0, "seed": 0},
        "be7769c9dd65f670303fbaf60ffd772fc9db9f12d60fbc0b9ea924a92ab1ef8d",
        "973149cccf72d765a01f154d4d6e8afb104efabe6ff6379057bf92d94c488317",
    ),
]

CASES: list[tuple[str, dict[str, Any], Precision, str]] = [
    *((family, params, "float32", digest) for family, params, digest, _ in GOLDEN),
    *((family, params, "float64", digest) for family, params, _, digest in GOLDEN),
    *((family, params, "complex64", digest) for family, params, digest, _ in COMPLEX_GOLDEN),
    *((family, params, "complex128", digest) for family, params, _, digest in COMPLEX_GOLDEN),
]

SCRIPT = """
import json, sys
import numpy as np
from lamm_robust.generators import build_problem
from lamm_robust.values import ProblemKey

keys = [ProblemKey(family, tuple(params.items()), dtype) for family, params, dtype in json.load(sys.stdin)]
vectors = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
print(json.dumps({"digests": [build_problem(key).digest for key in keys], "vectors": vectors}))
"""


def _vectors() -> list[str]:
    """Return the groups of vector instructions that NumPy can switch off on this machine."""
    config: Any = np.show_config(mode="dicts")
    return list(config["SIMD Extensions"].get("found", []))


SETTINGS = [
    ({"OPENBLAS_CORETYPE": "Prescott", "OPENBLAS_NUM_THREADS": "1"}, _vectors()),
    ({"OPENBLAS_CORETYPE": "Nehalem", "OPENBLAS_NUM_THREADS": "2"}, _vectors()[1:]),
    ({"OPENBLAS_CORETYPE": "Haswell", "OPENBLAS_NUM_THREADS": "1"}, []),
    ({"OPENBLAS_NUM_THREADS": "2"}, []),
]


def test_golden_keys_cover_every_family_twice() -> None:
    for family in generators.FAMILIES:
        assert sum(entry.family == family.name for entry in GOLDEN) >= 2
        is_complex = any(entry.family == family.name for entry in COMPLEX_GOLDEN)
        assert is_complex == ("complex128" in family.precisions)


@pytest.mark.parametrize(("family", "params", "dtype", "digest"), CASES)
def test_bits_are_those_recorded(family: str, params: dict[str, Any], dtype: Precision, digest: str) -> None:
    assert generators.build_problem(ProblemKey(family, tuple(params.items()), dtype)).digest == digest


@pytest.mark.parametrize(("blas", "switched_off"), SETTINGS, ids=["Prescott", "Nehalem", "Haswell", "default"])
def test_bits_do_not_depend_on_kernel_threads_or_vectors(blas: dict[str, str], switched_off: list[str]) -> None:
    environment = {**os.environ, **blas, "NPY_DISABLE_CPU_FEATURES": " ".join(switched_off)}
    answer = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        input=json.dumps([case[:3] for case in CASES]),
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        cwd=ROOM.parent,
    )
    told = json.loads(answer.stdout)
    assert told["digests"] == [case[3] for case in CASES]
    assert not set(told["vectors"]) & set(switched_off)


# --- what may not be used -------------------------------------------------------------------------------

REDUCTIONS = {
    "sum",
    "mean",
    "prod",
    "dot",
    "vdot",
    "inner",
    "outer",
    "matmul",
    "einsum",
    "tensordot",
    "reduce",
}
LIBRARY_VARIATES = {"default_rng", "Generator", "normal", "standard_normal", "shuffle", "choice", "permuted"}
ELEMENTARY = {"exp", "exp2", "log", "log2", "log10", "pow", "power", "sin", "cos", "tan", "hypot", "linalg"}


@pytest.mark.parametrize("path", sorted(ROOM.rglob("*.py")), ids=lambda path: path.relative_to(ROOM).as_posix())
def test_nothing_that_depends_on_the_machine_is_called(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    assert nodes
    assert not [node for node in nodes if isinstance(node, ast.MatMult)]
    named = [node for node in nodes if isinstance(node, ast.Attribute)]
    assert not [node.attr for node in named if node.attr in REDUCTIONS | LIBRARY_VARIATES]
    libraries = [node for node in named if isinstance(node.value, ast.Name) and node.value.id in ("np", "math")]
    assert not [node.attr for node in libraries if node.attr in ELEMENTARY]


def test_importing_the_room_stays_light() -> None:
    heavy = ("scipy", "jax", "mpmath", "hypothesis")
    script = f"import lamm_robust.generators, sys; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOM.parent)
    assert answer.stdout.strip() == "[]"
