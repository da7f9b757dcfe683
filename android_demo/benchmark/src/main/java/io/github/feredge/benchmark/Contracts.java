package io.github.feredge.benchmark;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Contracts of models that take a tensor of a given size. */
final class Contracts {
    private Contracts() {}

    /** A sealed contract for WIDTHxHEIGHTxCHANNELS, float32 NHWC. */
    static String of(String size) {
        String[] sides = size.split("x");
        String values = sides[2].equals("1") ? "[0.5]" : "[0.485,0.456,0.406]";
        String body = "{\"schema\":\"fer-edge-contract/1\",\"model\":\"benchmark\",\"labels\":[\"neutral\",\"happiness\"],"
                + "\"input\":{\"name\":\"image\",\"interface\":\"tensor\",\"width\":" + sides[0] + ",\"height\":" + sides[1]
                + ",\"channels\":" + sides[2] + ",\"layout\":\"NHWC\",\"dtype\":\"float32\"},"
                + "\"camera\":{\"spec\":1,\"crop_margin\":0.1,\"mirror\":false},"
                + "\"normalization\":{\"mean\":" + values + ",\"std\":" + values + "},"
                + "\"quantization\":{\"input\":null,\"output\":null},"
                + "\"output\":{\"name\":\"probabilities\",\"kind\":\"probabilities\"}";
        return body + ",\"sha256\":\"" + sha256(body + "}") + "\"}";
    }

    private static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException(error);
        }
    }
}
