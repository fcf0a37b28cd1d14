// The rows and cards of DataTable. A component of its own, because NiceGUI builds slot templates anew at
// each update of the page: with live figures beside it, an open menu or the focus in a row would be lost.
// All data is shown as text.
const Cell = {
  props: { row: Object, col: Object, opens: Boolean, below: { type: Array, default: () => [] } },
  computed: {
    value() {
      return this.row[this.col.name];
    },
  },
  methods: {
    part(suffix) {
      return this.row[`${this.col.name}_${suffix}`];
    },
    said(col) {
      const shown = col.kind === "usage" ? this.row[`${col.name}_text`] : this.row[col.name];
      return ["usage", "note", "who"].includes(col.kind) ? `${col.label}: ${shown}` : shown;
    },
  },
  template: `
    <div v-if="opens" class="bf-who">
      <div v-if="col.kind === 'who'" class="bf-av" aria-hidden="true" :data-hue="part('hue')">{{ part('initials') }}</div>
      <div>
        <a v-if="row.href" class="bf-open t1" :href="row.href" :title="part('title')">{{ value }}</a>
        <div v-else class="t1" :title="part('title')">{{ value }}</div>
        <div v-if="part('note')" class="t2 num">{{ part('note') }}</div>
        <template v-for="c in below" :key="c.name">
          <div v-if="row[c.name] !== '' && row[c.name] != null" class="t2 num">{{ said(c) }}</div>
        </template>
      </div>
    </div>
    <span v-else-if="col.kind === 'badge'">
      <span v-if="value" class="bf-badge" :data-tone="part('tone')" :title="part('title')">{{ value }}</span>
    </span>
    <span v-else-if="col.kind === 'money'" class="bf-money num" :class="{ zero: part('muted') }" :title="part('title')">{{ value }}</span>
    <div v-else-if="col.kind === 'usage'" class="bf-use" :title="part('title')">
      <div v-if="value >= 0" class="bf-bar" :data-tone="part('tone')"><i :style="{ '--share': value }"></i></div>
      <span class="num t2">{{ part('text') }}</span>
    </div>
    <span v-else-if="col.kind === 'tag'"><span v-if="value" class="bf-plan" :title="part('title')">{{ value }}</span></span>
    <span v-else class="num" :class="{ t2: col.kind === 'note' }" :title="part('title')">{{ value }}</span>
  `,
};

const Acts = {
  props: { acts: Array },
  emits: ["act"],
  template: `
    <q-btn flat class="bf-ib bf-over" icon="ellipsis" aria-label="Actions">
      <q-menu class="bf-menu-pop"><q-list>
        <q-item v-for="a in acts" :key="a.key" clickable v-close-popup :class="{ bad: a.bad }" @click="$emit('act', a.key)">
          <q-icon :name="a.icon" aria-hidden="true"></q-icon>{{ a.label }}
        </q-item>
      </q-list></q-menu>
    </q-btn>
  `,
};

const SIDE = ["badge", "money", "number"];

export default {
  components: { Cell, Acts },
  props: { columns: Array, acts: { type: Array, default: () => [] } },
  computed: {
    side() {
      return this.columns.slice(1).filter((c) => c.on_card && SIDE.includes(c.kind));
    },
    below() {
      return this.columns.slice(1).filter((c) => c.on_card && c.kind !== "acts" && !SIDE.includes(c.kind));
    },
  },
  methods: {
    sorted(column) {
      const { sortBy, descending } = this.$attrs.pagination || {};
      if (!column.sortable) return undefined;
      if (column.name !== sortBy) return "none";
      return descending ? "descending" : "ascending";
    },
  },
  template: `
    <q-table ref="qRef" :columns="columns" :grid="$q.screen.lt.sm">
      <template #header="p">
        <q-tr :props="p">
          <q-th v-for="c in p.cols" :key="c.name" :props="p" :aria-sort="sorted(c)">
            <button v-if="c.sortable" type="button" class="bf-sort">{{ c.label }}</button>
            <span v-else-if="c.kind === 'acts'" class="bf-sr">Actions</span>
            <template v-else>{{ c.label }}</template>
          </q-th>
        </q-tr>
      </template>
      <template #body="p">
        <q-tr :props="p">
          <q-td v-for="(c, i) in p.cols" :key="c.name" :props="p" :auto-width="c.kind === 'acts'">
            <Acts v-if="c.kind === 'acts'" :acts="acts" @act="(key) => $emit('act', { key, id: p.row.id })" />
            <Cell v-else :row="p.row" :col="c" :opens="i === 0" />
          </q-td>
        </q-tr>
      </template>
      <template #item="p">
        <div class="bf-mcard">
          <div class="bf-grow"><Cell :row="p.row" :col="columns[0]" opens :below="below" /></div>
          <div class="side">
            <template v-for="c in side" :key="c.name">
              <Cell v-if="c.kind === 'badge'" :row="p.row" :col="c" />
              <div v-else :class="c.kind === 'money' ? 'bf-money num' : 't2 num'"><span :class="{ 'bf-sr': c.kind === 'money' }">{{ c.label }}</span> {{ p.row[c.name] }}</div>
            </template>
          </div>
          <Acts v-if="acts.length" :acts="acts" @act="(key) => $emit('act', { key, id: p.row.id })" />
        </div>
      </template>
    </q-table>
  `,
};
