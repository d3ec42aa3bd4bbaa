import type { Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme';
import { defineComponent, h, onBeforeUnmount, onMounted, ref } from 'vue';
import './playground.css';

/** A place for the page to play in, which is loaded where it is shown. */
const Playground = defineComponent({
  props: { example: { type: String, default: 'counting' } },
  setup({ example }) {
    const place = ref<HTMLElement>();
    const left = new AbortController();
    onMounted(async () => {
      const { playground } = await import('./playground.ts');
      if (place.value !== undefined && !left.signal.aborted) playground(place.value, example, left.signal);
    });
    onBeforeUnmount(() => {
      left.abort();
    });
    return () => h('div', { class: 'playground', ref: place });
  },
});

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('Playground', Playground);
  },
} satisfies Theme;
