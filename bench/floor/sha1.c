
/*
 * Copyright (C) ngx_game authors
 *
 * SHA-1 (RFC 3174) and base64 (RFC 4648), as short as they can be: they run
 * once for each connection.
 */


#include "sha1.h"

#include <stdint.h>
#include <string.h>


static const char  floor_sha1_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";


static void floor_sha1_block(uint32_t h[5], const unsigned char *block);
static uint32_t floor_sha1_mix(unsigned round, uint32_t b, uint32_t c,
    uint32_t d);
static void floor_sha1_encode(char *dst, const unsigned char *src);


void
floor_sha1_base64(char *dst, const char *text, size_t len)
{
    size_t         i, size;
    uint32_t       h[5] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476,
                            0xc3d2e1f0 };
    unsigned char  padded[128], digest[21];

    /* a one, zeros, and the length in bits at the end of the last block */

    size = (len + 9 + 63) / 64 * 64;

    memset(padded, 0, sizeof(padded));
    memcpy(padded, text, len);
    padded[len] = 0x80;
    padded[size - 2] = len * 8 / 256;
    padded[size - 1] = len * 8 % 256;

    for (i = 0; i < size; i += 64) {
        floor_sha1_block(h, padded + i);
    }

    for (i = 0; i < 20; i++) {
        digest[i] = h[i / 4] >> (24 - i % 4 * 8);
    }

    digest[20] = 0;

    for (i = 0; i < 7; i++) {
        floor_sha1_encode(dst + i * 4, digest + i * 3);
    }

    dst[FLOOR_SHA1_BASE64 - 1] = '=';
}


static void
floor_sha1_block(uint32_t h[5], const unsigned char *block)
{
    unsigned  i;
    uint32_t  a, b, c, d, e, t, w[80];

    for (i = 0; i < 16; i++) {
        w[i] = (uint32_t) block[i * 4] << 24 | block[i * 4 + 1] << 16
               | block[i * 4 + 2] << 8 | block[i * 4 + 3];
    }

    for ( /* void */ ; i < 80; i++) {
        t = w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16];
        w[i] = t << 1 | t >> 31;
    }

    a = h[0];
    b = h[1];
    c = h[2];
    d = h[3];
    e = h[4];

    for (i = 0; i < 80; i++) {
        t = (a << 5 | a >> 27) + floor_sha1_mix(i, b, c, d) + e + w[i];
        e = d;
        d = c;
        c = b << 30 | b >> 2;
        b = a;
        a = t;
    }

    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}


static uint32_t
floor_sha1_mix(unsigned round, uint32_t b, uint32_t c, uint32_t d)
{
    if (round < 20) {
        return ((b & c) | (~b & d)) + 0x5a827999;
    }

    if (round < 40) {
        return (b ^ c ^ d) + 0x6ed9eba1;
    }

    if (round < 60) {
        return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
    }

    return (b ^ c ^ d) + 0xca62c1d6;
}


static void
floor_sha1_encode(char *dst, const unsigned char *src)
{
    dst[0] = floor_sha1_digits[src[0] >> 2];
    dst[1] = floor_sha1_digits[(src[0] & 3) << 4 | src[1] >> 4];
    dst[2] = floor_sha1_digits[(src[1] & 15) << 2 | src[2] >> 6];
    dst[3] = floor_sha1_digits[src[2] & 63];
}
