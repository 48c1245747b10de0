/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A good stats segment with bytes changed by the fuzzer: refused, or harmless to its readers. Each
 * 5 bytes of input change one: offset, value. The first input byte says whether the reader has
 * mapped it before that happens.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sl_stats_sum.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char path[64];
static uint8_t *good, *mapped;
static size_t good_size;
static struct sl_stats *writer; /* the writer's side, open all the time */

static void path_remove(void)
{
	unlink(path);
}

static void start(void)
{
	struct sl_stats_config cfg = {
		.path = path, .instance = "fuzz", .n_workers = 1, .slots = {2, 2, 2, 2, 2}};

	snprintf(path, sizeof(path), "/dev/shm/sl-fuzz-stats-%d", getpid());
	if (sl_stats_create(&writer, &cfg, NULL) < 0)
		abort();
	atexit(path_remove);
	sl_stats_hdr(writer)->n_ports = 1;
	sl_stats_directory_begin(writer);
	for (int c = 0; c < SL_STATS_CLASS_COUNT; c++)
		sl_stats_directory_set(writer, c, 1, 1, 1, SL_STR("object"));
	sl_stats_directory_end(writer, 1);
	good_size = sl_stats_hdr(writer)->size;
	mapped = (uint8_t *)sl_stats_hdr(writer);
	good = malloc(good_size);
	if (!good)
		abort();
	memcpy(good, mapped, good_size);
}

static void damage(const uint8_t *data, size_t size)
{
	for (; size >= 5; data += 5, size -= 5) {
		uint32_t at;

		memcpy(&at, data, 4);
		mapped[at % good_size] = data[4];
	}
}

static int see(void *arg, const struct sl_stats_item *it)
{
	uint64_t *sum = arg;

	/* Every text and every value must be readable. */
	*sum += it->sum + strlen(it->object) + strlen(it->field) + it->n;
	for (uint32_t i = 0; it->value && i < it->n; i++)
		*sum += it->value[i];
	if (it->hist)
		*sum += sl_hist_quantile(it->hist, 0.5);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_stats_port_info info;
	struct sl_stats *s = NULL;
	uint64_t sum = 0;
	bool late;

	if (!good)
		start();
	if (size == 0)
		return 0;
	late = data[0] & 1;
	memcpy(mapped, good, good_size);
	if (!late)
		damage(data + 1, size - 1);
	if (sl_stats_open(&s, path, NULL) < 0)
		return 0;
	if (late)
		damage(data + 1, size - 1);
	/* A directory in motion is waited for; that is another test's, and slow. */
	((struct sl_stats_hdr *)mapped)->directory_seq &= ~1u;
	if (sl_stats_visit(s, see, &sum) < 0)
		abort();
	sl_stats_port_copy(s, SL_STATS_PORTS_MAX - 1, &info);
	sl_stats_close(s);
	return 0;
}
