/* SPDX-License-Identifier: BSD-3-Clause */
/* Small readers of words that libconfig and YAML values share: durations, sizes, names. */
#ifndef SL_CONF_WORDS_H
#define SL_CONF_WORDS_H

#include "sl_base.h"

#define SL_SHOW_MAX 84 /* longest quotation of foreign text in a message, NUL included */

/**
 * Foreign text fit to be quoted in a message: control bytes and what is not UTF-8 become '?', what
 * is too long is cut.
 *
 * @return buf.
 */
char *sl_show(const char *text, char buf[SL_SHOW_MAX]);

/**
 * Reads a duration as Go and Kubernetes write it: "10s", "200ms", "1m30s", "1.5s", "0".
 *
 * @param ms Receives milliseconds, rounded up so that a small one never becomes 0 (= off).
 * @return 0, or -EINVAL (syntax, negative), -ERANGE (above 2^31 ms).
 */
int sl_word_ms(const char *text, uint32_t *ms);

/** Reads a size with a unit: "512M", "1G", "4096K" (powers of 1024). 0, -EINVAL, -ERANGE. */
int sl_word_bytes(const char *text, uint64_t *bytes);

/** A size as one would write it, "64K". @return buf. */
char *sl_bytes_text(uint64_t bytes, char buf[24]);

/** Reads a percentage: "1%", "0.05%". @param rate Receives 1/10000. @return 0 or -EINVAL. */
int sl_word_rate(const char *text, uint16_t *rate);

/** Reads "02:00:00:00:00:01". 0 or -EINVAL (also for multicast and all-zero addresses). */
int sl_word_mac(const char *text, uint8_t mac[6]);

/** Whether text is well-formed UTF-8 (RFC 3629) without control characters but tab and newline. */
bool sl_word_utf8(const char *text, size_t n);

/** A whole decimal number of digits only, at most max; -1 when it is none. */
int64_t sl_word_number(const char *text, int64_t max);

/** Where word stands in a NULL-terminated list, or -1. */
int sl_word_index(const char *word, const char *const *list);

/** ", did you mean 'x'?" or "; write one of: a, b" for a word that list lacks. @return buf. */
char *sl_word_hint(const char *word, const char *const *list, char *buf, size_t cap);

#endif
