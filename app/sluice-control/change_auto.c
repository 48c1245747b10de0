/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes that nobody waits for: the first one, changed files, the way back, a time that is over.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "objset.h"

#define CONFIRM_AGAIN_US 10000000u

/* Said once for as long as it is the same. */
static void source_bad(struct control *c, const struct sl_err *err)
{
	if (strcmp(c->source_fault.text, err->text) != 0)
		sl_log(SL_LOG_ERROR, "Epoch %llu stays in use: %s",
		       (unsigned long long)c->hdr->want_epoch, err->text);
	c->source_fault = *err;
}

void change_names(struct control *c)
{
	struct waiter nobody = {0, NULL};
	struct sl_err err = {""};

	/* Objects that are not in use, or know it already. */
	if (c->fault.text[0] != '\0' ||
	    sl_objects_names_version(c->objects) == sl_names_version(dns_names(c->dns)))
		return;
	nobody.answer = json_object();
	if (change_start(c, "names", &(struct parts){.names = true}, nobody, &err) < 0)
		sl_log(SL_LOG_ERROR, "What names stand for now is not taken up: %s", err.text);
	json_decref(nobody.answer);
}

void change_sources(struct control *c)
{
	struct waiter nobody = {0, json_object()};
	struct parts parts = {0};
	struct sl_err err = {""};
	int rc;

	if (c->pin != 0) {
		c->files_newer = true;
		rc = 0;
	} else if (c->fault.text[0] != '\0') {
		rc = change_reload(c, "changed files", nobody, &err);
	} else {
		rc = sources_read(c->sources, c->conf, &parts.manifests, &err);
		if (rc == 0)
			rc = change_start(c, "changed files", &parts, nobody, &err);
	}
	if (rc < 0)
		source_bad(c, &err);
	json_decref(nobody.answer);
}

/* With files that say the same as the epoch, they are followed again; else they wait for a reload.
 */
static void choose_pin(struct control *c, uint64_t epoch, struct parts *parts)
{
	struct sl_objects *files = NULL;
	struct sl_err err;
	bool same = sources_read(c->sources, c->conf, &files, &err) == 0 &&
		    objset_equal(files, parts->manifests) == 1;

	sl_objects_free(files);
	parts->pin = same ? 0 : epoch;
	parts->repin = parts->pin != c->pin;
}

int change_rollback(struct control *c, uint64_t epoch, const char *cause, struct waiter waiter,
		    struct sl_err *err)
{
	struct parts parts = {0};
	int rc = history_read(c->history, epoch, &parts.manifests, &parts.applied, err);

	if (rc < 0)
		return rc;
	choose_pin(c, epoch, &parts);
	return change_start(c, cause, &parts, waiter, err);
}

void change_unconfirmed(struct control *c, uint64_t *due_us)
{
	struct waiter nobody = {0, NULL};
	uint64_t wall = sl_wall_us(), epoch = c->confirm.epoch;
	struct sl_err err = {""};

	if (epoch == 0)
		return;
	if (wall < c->confirm.wall_us) {
		*due_us = SL_MIN(*due_us, sl_clock_us() + (c->confirm.wall_us - wall));
		return;
	}
	sl_log(SL_LOG_WARN, "Nobody confirmed epoch %llu in time: back to what was epoch %llu.",
	       (unsigned long long)c->hdr->want_epoch, (unsigned long long)epoch);
	/* Should it not be possible now, it is tried again; the setting on disk stays as it is. */
	c->confirm.wall_us = wall + CONFIRM_AGAIN_US;
	nobody.answer = json_object();
	if (change_rollback(c, epoch, "not confirmed", nobody, &err) < 0)
		sl_log(SL_LOG_ERROR, "The way back is not possible: %s", err.text);
	json_decref(nobody.answer);
}

/* What an earlier run was told to keep, if its files are still there. */
static void recall(struct control *c, struct sl_objects **manifests)
{
	struct sl_objects *applied = NULL;
	struct sl_err err = {""};
	char text[64], *end;
	uint64_t wall, epoch;

	c->pin = strtoull(state_setting(c->state_dir, STATE_PIN, text, sizeof(text)), NULL, 10);
	if (c->pin != 0 && history_read(c->history, c->pin, manifests, &applied, &err) < 0) {
		sl_log(SL_LOG_WARN, "The files are followed again: %s", err.text);
		c->pin = 0;
	}
	sl_objects_free(applied);
	history_hold(c->history, c->pin);
	state_setting(c->state_dir, STATE_CONFIRM, text, sizeof(text));
	wall = strtoull(text, &end, 10);
	epoch = strtoull(end, NULL, 10);
	if (wall != 0 && epoch != 0)
		c->confirm = (struct confirmation){epoch, wall};
}

/* The files are read also when they are pinned, so that later changes of theirs are seen. */
static int first_manifests(struct control *c, struct sl_objects **out, struct sl_err *err)
{
	struct sl_objects *pinned = NULL;
	int rc;

	recall(c, &pinned);
	rc = sources_read(c->sources, c->conf, out, err);
	if (pinned == NULL)
		return rc;
	c->files_newer = rc < 0 || objset_equal(*out, pinned) != 1;
	if (rc == 0)
		sl_objects_free(*out);
	*out = pinned;
	return 0;
}

int change_first(struct control *c, struct sl_err *err)
{
	struct waiter nobody = {0, json_object()};
	struct parts parts = {.stored = true};
	int rc = first_manifests(c, &parts.manifests, err);

	if (rc == 0)
		rc = state_read(&parts.applied, c->state_dir, err);
	if (rc == 0)
		rc = change_start(c, "start", &parts, nobody, err);
	else
		sl_objects_free(parts.manifests);
	json_decref(nobody.answer);
	if (rc == 0 || c->snap.map == NULL)
		return rc;
	/* The data plane goes on with what it has; so does control, until the files are right. */
	c->fault = *err;
	sl_log(SL_LOG_ERROR, "%s", err->text);
	sl_log(SL_LOG_WARN,
	       "Epoch %llu stays in use; put the file right, then run `sluicectl reload`.",
	       (unsigned long long)c->snap.map->epoch);
	return 0;
}
