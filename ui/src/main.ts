import '@fontsource-variable/noto-sans-sc';
import './style/base.css';
import './parts/parts.css';
import { createApp } from 'vue';
import App from './App.vue';
import { openHost } from './host';
import { i18n, setLanguage, type Language } from './locale';

const host = await openHost();
setLanguage(i18n.global.locale.value as Language);
createApp(App, { host }).use(i18n).mount('#app');
