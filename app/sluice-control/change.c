/* SPDX-License-Identifier: BSD-3-Clause */
/* A candidate configuration from its parts to its place: prepared aside, taken over as a whole. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "admin.h"
#include "compile.h"
#include "control.h"
#include "objset.h"

static void change_drop(struct control *c)
{
	struct change *ch = &c->change;

	state_abort(ch->state);
	sl_conf_free(ch->parts.conf);
	sl_objects_free(ch->parts.manifests);
	sl_objects_free(ch->parts.applied);
	sl_objects_free(ch->objects);
	snapfile_close(&ch->snap);
	json_decref(ch->waiter.answer);
	*ch = (struct change){0};
}

#define TAKE(from, member, free_fn)         \
	do {                                \
		if ((from) != NULL) {       \
			free_fn(c->member); \
			c->member = (from); \
			(from) = NULL;      \
		}                           \
	} while (0)

/* Where the objects come from now, and whether somebody must say that they may stay. */
static void take_settings(struct control *c)
{
	const struct change *ch = &c->change;

	if (ch->parts.repin) {
		c->pin = ch->parts.pin;
		c->files_newer = false;
		history_hold(c->history, c->pin);
	}
	if (ch->parts.applied != NULL && !ch->parts.stored)
		c->confirm = (struct confirmation){0};
	if (ch->confirm_wall_us != 0)
		c->confirm = (struct confirmation){history_epoch(c->history, c->snap.map->epoch),
						   ch->confirm_wall_us};
}

static void change_take(struct control *c)
{
	struct change *ch = &c->change;
	bool new_conf;
	struct sl_err err;

	if (ch->state != NULL && state_commit(ch->state, &err) < 0)
		sl_log(SL_LOG_ERROR, "The change is in use but not certain on disk: %s", err.text);
	ch->state = NULL;
	take_settings(c);
	if (ch->objects != NULL)
		c->fault.text[0] = '\0';
	if (ch->parts.manifests != NULL)
		c->source_fault.text[0] = '\0';
	if (ch->parts.conf != NULL) {
		const struct sl_conf_control *cc = sl_conf_control(ch->parts.conf);

		access_log_reopen(c->log, cc->access_log, cc->log_format);
		history_keep(c->history, sl_conf_control(ch->parts.conf)->history);
	}
	new_conf = ch->parts.conf != NULL;
	TAKE(ch->parts.conf, conf, sl_conf_free);
	if (new_conf) {
		admin_open(c);
		dns_configure(c->dns, &sl_conf_control(c->conf)->dns);
	}
	TAKE(ch->parts.manifests, manifests, sl_objects_free);
	TAKE(ch->parts.applied, applied, sl_objects_free);
	if (ch->objects != NULL) {
		TAKE(ch->objects, objects, sl_objects_free);
		dns_follow(c->dns, c->objects);
	}
	if (ch->snap.map != NULL) {
		snapfile_close(&c->snap);
		c->snap = ch->snap;
		c->unpatchable = false;
		ch->snap = (struct snapfile){0};
	}
}

/* Where the time went, in microseconds. */
static json_t *timing_json(const struct change *ch)
{
	uint64_t acked = ch->acked_us != 0 ? ch->acked_us : ch->staged_us;

	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "compile_us",
			 (json_int_t)(ch->compiled_us - ch->started_us), "write_us",
			 (json_int_t)(ch->written_us - ch->compiled_us), "stage_us",
			 (json_int_t)(ch->staged_us - ch->written_us), "workers_us",
			 (json_int_t)(acked - ch->staged_us), "commit_us",
			 (json_int_t)(sl_clock_us() - acked));
}

/* Answers whoever waits and makes room for the next change. */
static void finish(struct control *c, int code, const char *text)
{
	struct waiter w = c->change.waiter;
	char cause[32];
	bool note;
	json_t *answer;

	c->change.waiter = (struct waiter){0};
	if (code < 0) {
		answer = server_error(code, text);
	} else {
		answer = json_incref(w.answer);
		if (text[0] != '\0')
			json_object_set_new(answer, "note", json_string(text));
		json_object_set_new(answer, "epoch", json_integer((json_int_t)c->hdr->want_epoch));
		if (c->change.staged_us != 0)
			json_object_set_new(answer, "timing", timing_json(&c->change));
	}
	json_decref(w.answer);
	note = (code >= 0 || code == -ETIMEDOUT) && c->change.started_us != 0 &&
	       !c->change.parts.names;
	memcpy(cause, c->change.cause, sizeof(cause));
	change_drop(c);
	if (w.client != 0)
		server_answer(c, w.client, answer);
	else
		json_decref(answer);
	/* After the answer: nobody waits for the history. */
	if (note && c->snap.map != NULL)
		history_add(c->history, c->snap.map->epoch, cause, c->manifests, c->applied);
	server_resume(c);
}

void change_done(struct control *c, int code, const char *text)
{
	const char *cause = c->change.cause;
	unsigned long long epoch = c->pub.epoch;
	char sentence[640];

	c->change.acked_us = sl_clock_us();
	if (code < 0 && code != -ETIMEDOUT) {
		if (c->change.snap.map != NULL)
			snprintf(sentence, sizeof(sentence),
				 "The data plane refused epoch %llu, nothing was changed: %s",
				 epoch, text);
		else
			snprintf(sentence, sizeof(sentence), "The data plane does not %s: %s",
				 cause, text);
		if (c->change.snap.map != NULL)
			snapfile_remove(c->dir, epoch);
		text = sentence;
		sl_log(SL_LOG_ERROR, "%s", text);
		if (c->change.parts.manifests != NULL)
			sl_err(&c->source_fault, EINVAL, "%s", text);
		if (c->fault.text[0] != '\0')
			sl_err(&c->fault, EINVAL, "%s", text);
	} else {
		if (c->change.snap.map != NULL && code == 0)
			sl_log(SL_LOG_INFO, "Epoch %llu is %s (%s).", epoch,
			       text[0] != '\0' ? "published" : "in use", cause);
		if (text[0] != '\0')
			sl_log(SL_LOG_WARN, "%s", text);
		change_take(c);
	}
	finish(c, code, text);
}

/* Nothing to compile anew for the data plane: what it has says the same already. */
static bool in_use_already(const struct control *c)
{
	uint64_t lowest = publish_lowest_epoch(c);

	return c->snap.map != NULL && c->snap.map->epoch == c->hdr->want_epoch &&
	       lowest >= c->hdr->want_epoch;
}

void change_warn(json_t *answer, const char *text)
{
	json_t *list = json_object_get(answer, "warnings");

	sl_log(SL_LOG_WARN, "%s", text);
	if (list == NULL) {
		list = json_array();
		json_object_set_new(answer, "warnings", list);
	}
	json_array_append_new(list, json_text(text));
}

/* Whether endpoints at most are new, so that the snapshot in use needs but a patch, or nothing. */
static bool patch(const struct control *c, struct snapfile *out)
{
	const struct change *ch = &c->change;
	enum sl_objects_change differ;
	struct sl_err why;

	if (c->snap.map == NULL || c->objects == NULL || c->unpatchable || ch->parts.conf != NULL ||
	    c->snap.map->epoch != c->hdr->want_epoch)
		return false;
	differ = compile_compare(c->conf, c->objects, ch->objects);
	if (differ == SL_OBJECTS_MORE ||
	    compile_patch(c->conf, c->objects, ch->objects, c->last_epoch + 1, c->snap.map,
			  c->cache, &out->map, &why) < 0)
		return false;
	if (differ == SL_OBJECTS_EQUAL && in_use_already(c))
		snapfile_close(out);
	return true;
}

static int compile(const struct control *c, struct snapfile *out, struct sl_err *err)
{
	const struct change *ch = &c->change;
	const struct sl_conf *conf = ch->parts.conf != NULL ? ch->parts.conf : c->conf;
	struct sl_snap *snap;
	size_t size;
	int rc;

	if (patch(c, out))
		return 0;
	rc = compile_snapshot(conf, ch->objects, c->last_epoch + 1, c->snap.map, c->cache, &snap,
			      &size, err);
	if (rc == 0)
		*out = (struct snapfile){snap, true};
	return rc;
}

int change_merge(const struct control *c, const struct sl_conf *conf,
		 const struct sl_objects *manifests, const struct sl_objects *applied,
		 struct sl_objects **out, struct sl_err *err)
{
	int rc = compile_merge(out, manifests, applied, err);

	if (rc == 0)
		sl_objects_use_names(*out, dns_names(c->dns), sl_conf_control(conf)->dns.names);
	return rc;
}

/* Compiles the candidate and writes its snapshot; ch->snap stays empty when it says the same. */
static int prepare(struct control *c, struct sl_err *err)
{
	struct change *ch = &c->change;
	const struct parts *p = &ch->parts;
	const struct sl_objects *man = p->manifests != NULL ? p->manifests : c->manifests;
	const struct sl_objects *app = p->applied != NULL ? p->applied : c->applied;
	struct snapfile snap = {0};
	int rc;

	publish_learn(c);
	rc = change_merge(c, p->conf != NULL ? p->conf : c->conf, man, app, &ch->objects, err);
	if (rc == 0)
		rc = compile(c, &snap, err);
	if (rc < 0)
		return rc;
	ch->compiled_us = sl_clock_us();
	for (size_t i = 0; !p->names && i < sl_objects_warning_count(ch->objects); i++)
		change_warn(ch->waiter.answer, sl_objects_warning_at(ch->objects, i));
	if (snap.map != NULL &&
	    (c->snap.map == NULL || !in_use_already(c) || !snapfile_same(snap.map, c->snap.map))) {
		rc = snapfile_write(c->dir, snap.map, err);
		if (rc == 0) {
			ch->snap = snap;
			c->last_epoch++;
			snap = (struct snapfile){0};
		}
	}
	snapfile_close(&snap);
	ch->written_us = sl_clock_us();
	return rc;
}

/* What has to be on disk before the change is certain; nothing for a change that was read there. */
static int stage(struct control *c, struct sl_err *err)
{
	struct change *ch = &c->change;
	bool writes = ch->parts.applied != NULL && !ch->parts.stored;
	char text[64] = "";
	int rc;

	if (!writes && !ch->parts.repin)
		return 0;
	/* Nothing to go back from when the data plane sees no difference. */
	if (ch->parts.confirm_s != 0 && ch->snap.map != NULL)
		ch->confirm_wall_us = sl_wall_us() + ch->parts.confirm_s * UINT64_C(1000000);
	rc = state_stage(&ch->state, c->state_dir, c->applied,
			 writes ? ch->parts.applied : c->applied, err);
	if (rc == 0 && ch->parts.repin) {
		if (ch->parts.pin != 0)
			snprintf(text, sizeof(text), "%llu", (unsigned long long)ch->parts.pin);
		rc = state_stage_setting(ch->state, STATE_PIN, text, err);
	}
	if (rc == 0 && writes && (ch->confirm_wall_us != 0 || c->confirm.epoch != 0)) {
		text[0] = '\0';
		if (ch->confirm_wall_us != 0)
			snprintf(text, sizeof(text), "%llu %llu",
				 (unsigned long long)ch->confirm_wall_us,
				 (unsigned long long)history_epoch(c->history, c->snap.map->epoch));
		rc = state_stage_setting(ch->state, STATE_CONFIRM, text, err);
	}
	return rc;
}

int change_start(struct control *c, const char *cause, const struct parts *parts,
		 struct waiter waiter, struct sl_err *err)
{
	struct change *ch = &c->change;
	uint64_t epoch = 0;
	int rc;

	*ch = (struct change){.active = true,
			      .parts = *parts,
			      .started_us = sl_clock_us(),
			      .waiter = {waiter.client, json_incref(waiter.answer)}};
	snprintf(ch->cause, sizeof(ch->cause), "%s", cause);
	rc = prepare(c, err);
	if (rc == 0)
		rc = stage(c, err);
	ch->staged_us = sl_clock_us();
	if (rc == 0 && ch->snap.map == NULL) {
		change_take(c);
		finish(c, 0, "");
		return 0;
	}
	if (ch->snap.map != NULL)
		epoch = ch->snap.map->epoch;
	if (rc == 0)
		rc = publish_start(c, err);
	if (rc < 0) {
		change_drop(c);
		if (epoch != 0)
			snapfile_remove(c->dir, epoch);
		return rc;
	}
	if (rc == 1) {
		c->pub.epoch = epoch;
		change_done(
			c, 0,
			"No data plane runs yet; it takes the configuration up when it starts.");
	}
	return 0;
}

/* What cannot change while control runs, because others find us by it. */
static int same_identity(const struct control *c, const struct sl_conf *conf, struct sl_err *err)
{
	const struct sl_conf_control *cc = sl_conf_control(conf);
	const char *what = NULL;

	if (strcmp(sl_conf_box(conf)->instance, c->instance) != 0)
		what = "instance";
	else if (strcmp(cc->socket, c->socket_path) != 0)
		what = "socket";
	else if (strcmp(cc->state_dir, c->state_dir) != 0)
		what = "state_dir";
	if (what == NULL)
		return 0;
	return sl_err(err, EINVAL,
		      "%s: %s cannot change while sluice-control runs; put it back, or stop "
		      "sluice-control and start it again.",
		      c->conf_path, what);
}

static int read_files(struct control *c, struct sl_conf **conf, struct sl_objects **manifests,
		      struct sl_objects **applied, struct sl_err *err)
{
	int rc = sl_conf_read(conf, c->conf_path, err);

	if (rc < 0)
		return rc;
	rc = same_identity(c, *conf, err);
	if (rc == 0)
		rc = sources_read(c->sources, *conf, manifests, err);
	if (rc == 0 && c->fault.text[0] != '\0') {
		rc = state_read(applied, c->state_dir, err);
		if (rc < 0)
			sl_objects_free(*manifests);
	}
	if (rc < 0)
		sl_conf_free(*conf);
	return rc;
}

/* Both come zeroed from the heap and are filled alike, so equal members are equal bytes. */
static bool same_bytes(const void *a, const void *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

int change_reload(struct control *c, const char *cause, struct waiter waiter, struct sl_err *err)
{
	struct sl_objects *manifests = NULL, *applied = NULL;
	struct sl_conf *conf = NULL;
	int rc = read_files(c, &conf, &manifests, &applied, err);

	if (rc < 0)
		return rc;
	if (!same_bytes(sl_conf_box(conf), sl_conf_box(c->conf), sizeof(struct sl_conf_box)))
		change_warn(waiter.answer, "Ports, addresses, workers, limits or timeouts of "
					   "sluice.conf are different "
					   "now; sluiced takes those up when it is started again.");
	return change_start(c, cause,
			    &(struct parts){.conf = conf,
					    .manifests = manifests,
					    .applied = applied,
					    .stored = applied != NULL,
					    .repin = c->pin != 0},
			    waiter, err);
}
