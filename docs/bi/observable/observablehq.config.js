export default {
  title: 'Rotation',
  root: 'src',
  sidebar: false,
  pager: false,
  search: false,
  footer: '',
  globalStylesheets: [],  // none from elsewhere: the page opens without a network
};
