/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and explanations of the drop reasons. */
#include "sl_drop.h"

static const struct {
	const char *name, *help;
} reasons[SL_DROP_COUNT] = {
#define SL_DROP_ROW(name, view, help) [SL_DROP_##name] = {view, help},
	SL_DROP_LIST(SL_DROP_ROW)
#undef SL_DROP_ROW
};

const char *sl_drop_name(enum sl_drop reason)
{
	return (unsigned)reason < SL_DROP_COUNT ? reasons[reason].name : "?";
}

const char *sl_drop_help(enum sl_drop reason)
{
	return (unsigned)reason < SL_DROP_COUNT ? reasons[reason].help : "?";
}
