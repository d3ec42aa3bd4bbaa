/** The report's page, bundled from lib/report/page by scripts/report-page.js. */
declare module 'millrace:report-page' {
  /** The licences of all that is in it, as text. */
  export const notices: string;
  /** The package's version. */
  export const version: string;
  /** Its code, safe within a `<script>`. */
  export const script: string;
  /** Its style, safe within a `<style>`. */
  export const style: string;
}
